# Cluster-robust references: Rscript robust.R (in this folder); writes robust.json.
suppressPackageStartupMessages({
  library(clubSandwich); library(estimatr); library(sandwich); library(jsonlite)
})

designs <- list(
  balanced = y ~ arm + pre,
  unbalanced = y ~ arm + pre + stratum,
  few_clusters = y ~ arm + size + pre,
  singletons = y ~ arm + pre + stratum,
  cluster_dummy = y ~ arm + pre + stratum
)

reference <- function(name) {
  data <- read.csv(paste0(name, ".csv"), stringsAsFactors = FALSE)
  # Treatment contrasts against the alphabetically first level, as formulaic has them.
  for (column in names(data)) if (is.character(data[[column]]))
    data[[column]] <- factor(data[[column]], levels = sort(unique(data[[column]])))
  model <- lm(designs[[name]], data = data)
  terms <- names(coef(model))
  V <- vcovCR(model, cluster = data$cluster, type = "CR2")
  tests <- coef_test(model, vcov = V, test = "Satterthwaite")
  # A contrast with uneven weights on every coefficient but the intercept.
  weights <- c(0, seq(1, -0.5, length.out = length(terms) - 1))
  line <- linear_contrast(model, vcov = V, contrasts = matrix(weights, 1), test = "Satterthwaite")
  arms <- grep("^arm", terms)
  strata <- grep("^stratum", terms)
  joint <- function(which) {
    if (length(which) < 2) return(NULL)
    found <- Wald_test(model, constraints = constrain_zero(which), vcov = V, test = "HTZ")
    list(terms = terms[which], f = found$Fstat, df_num = found$df_num, df_den = found$df_denom,
         p = found$p_val)
  }
  all_slopes <- joint(seq_along(terms)[-1])
  out <- list(
    terms = terms, coef = unname(coef(model)),
    cr2 = unname(as.matrix(V)), se = tests$SE, df = tests$df_Satt, p = tests$p_Satt,
    contrast = list(weights = weights, estimate = line$Est, se = line$SE, df = line$df,
                    low = line$CI_L, high = line$CI_U),
    htz = Filter(Negate(is.null), list(joint(arms), joint(strata), all_slopes)),
    cr1 = unname(vcovCL(model, cluster = data$cluster, type = "HC1", cadjust = TRUE)),
    classical = unname(vcov(model)), r2 = summary(model)$r.squared
  )
  if (name == "cluster_dummy") return(out)  # estimatr has no pseudo-inverse here
  robust <- lm_robust(designs[[name]], data = data, clusters = cluster, se_type = "CR2")

  out$estimatr <- list(se = unname(robust$std.error), df = unname(robust$df))
  out
}

result <- sapply(names(designs), reference, simplify = FALSE)
result$versions <- as.list(c(R = R.version.string, sapply(
  c("clubSandwich", "estimatr", "sandwich"), function(p) as.character(packageVersion(p))
)))
writeLines(toJSON(result, digits = NA, auto_unbox = TRUE, pretty = TRUE), "robust.json")
