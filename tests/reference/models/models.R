# References for rm.lmm: Rscript models.R (in this folder); writes models.json.
suppressPackageStartupMessages({
  library(lme4); library(lmerTest); library(pbkrtest); library(emmeans)
  library(clubSandwich); library(jsonlite)
})

# lme4's default search stops about 1e-5 short of the optimum; this one goes on.
tight <- lmerControl(optimizer = "bobyqa", check.conv.singular = "ignore",
                     optCtrl = list(rhobeg = 0.2, rhoend = 1e-11, maxfun = 1e5))

read <- function(name) {
  data <- read.csv(paste0(name, ".csv"), stringsAsFactors = TRUE)
  for (id in intersect(c("pair", "person"), names(data))) data[[id]] <- factor(data[[id]])
  data
}
fit <- function(formula, data, REML = TRUE)
  lmerTest::lmer(as.formula(formula), data, REML = REML, control = tight)

specs <- list(
  nested = list(data = "nested", formula = "score ~ wave * arm + age + (1 | pair/person)",
                means = list(list("arm", NULL), list("wave", NULL), list("arm", "wave"))),
  roles = list(data = "nested",
               formula = "score ~ wave + role + arm + I(age^2) + (1 | pair) + (1 | pair:person)",
               means = list(list("role", NULL), list(c("arm", "role"), NULL))),
  slope = list(data = "slope", formula = "score ~ t * arm + (1 | pair) + (1 + t | someone)",
               means = list(list("arm", NULL))),
  apart = list(data = "slope", formula = "score ~ t + arm + (t || someone)",
               means = list(list("arm", NULL))),
  categories = list(data = "slope", formula = "score ~ t + (0 + role | pair)",
                    means = list()),
  crossed = list(data = "crossed", formula = "rating ~ format + (1 | junior) + (1 | senior)",
                 means = list(list("format", NULL))),
  boundary = list(data = "boundary", formula = "score ~ wave + arm + (1 | pair/person)",
                  means = list(list("arm", NULL)))
)

marginal <- function(model, data, spec, mode) {
  emm_options(lmer.df = mode)
  grid <- suppressMessages(emmeans(model, specs = spec[[1]], by = spec[[2]], data = data))
  table <- as.data.frame(summary(grid, infer = c(TRUE, FALSE)))
  gaps <- as.data.frame(summary(pairs(grid, adjust = "none"), infer = c(TRUE, TRUE), adjust = "none"))
  keys <- c(spec[[2]], spec[[1]])
  list(by = I(as.character(spec[[2]])), factors = I(spec[[1]]),
       cells = I(apply(table[keys], 1, paste, collapse = " ")),
       estimate = I(table$emmean), se = I(table$SE), df = I(table$df),
       low = I(table$lower.CL), high = I(table$upper.CL),
       contrast = I(as.character(gaps$contrast)), within = I(as.character(unlist(gaps[spec[[2]]]))),
       gap = I(gaps$estimate), gap_se = I(gaps$SE), gap_df = I(gaps$df), gap_p = I(gaps$p.value))
}

joint <- function(model, rows, ddf) {
  L <- diag(length(fixef(model)))[rows, , drop = FALSE]
  found <- contest(model, L, joint = TRUE, ddf = ddf)
  list(f = found$`F value`, df_num = found$NumDF, df_den = found$DenDF, p = found$`Pr(>F)`)
}

# Predictions with the covariance of predicted less true effects, G - G Z'P Z G (Henderson 1975).
predicted <- function(model) {
  X <- getME(model, "X"); Z <- as.matrix(getME(model, "Z")); s2 <- sigma(model)^2
  G <- s2 * as.matrix(crossprod(getME(model, "Lambdat")))
  W <- solve(s2 * diag(nrow(X)) + Z %*% G %*% t(Z))
  P <- W - W %*% X %*% solve(t(X) %*% W %*% X, t(X) %*% W)
  errors <- G - G %*% t(Z) %*% P %*% Z %*% G
  names <- getME(model, "cnms")
  groups <- getME(model, "flist")
  levels <- lapply(groups[attr(groups, "assign")], levels)
  each <- function(what) unlist(Map(what, names, levels), use.names = FALSE)
  sizes <- mapply(function(n, l) length(n) * length(l), names, levels)
  list(group = rep(names(groups)[attr(groups, "assign")], sizes),
       level = each(function(n, l) rep(l, each = length(n))),
       name = each(function(n, l) rep(n, length(l))),
       value = as.vector(getME(model, "b")), sd = sqrt(pmax(diag(errors), 0)))
}

reference <- function(spec) {
  data <- read(spec$data)
  used <- data[complete.cases(data[all.vars(as.formula(spec$formula))]), ]
  model <- fit(spec$formula, used)
  table <- coef(summary(model))
  kr <- coef(summary(model, ddf = "Kenward-Roger"))
  vc <- as.data.frame(VarCorr(model))
  p <- length(fixef(model))
  out <- list(
    data = spec$data, formula = spec$formula, n = nobs(model), criterion = REMLcrit(model),
    singular = isSingular(model, tol = 1e-4), terms = names(fixef(model)),
    estimate = I(unname(fixef(model))), se = I(table[, "Std. Error"]), df = I(table[, "df"]),
    p = I(table[, "Pr(>|t|)"]), kr_se = I(kr[, "Std. Error"]), kr_df = I(kr[, "df"]),
    kr_p = I(kr[, "Pr(>|t|)"]),
    vc = list(group = vc$grp, var1 = vc$var1, var2 = vc$var2, vcov = vc$vcov, sdcor = vc$sdcor),
    groups = as.list(ngrps(model)),
    predicted = predicted(model),
    fitted = I(unname(fitted(model))), residuals = I(unname(residuals(model))),
    means = lapply(spec$means, function(m) list(
      satterthwaite = marginal(model, used, m, "satterthwaite"),
      `kenward-roger` = marginal(model, used, m, "kenward-roger")))
  )
  if (p > 2) out$joint <- lapply(list(2:p, 2:3), function(rows) list(
    rows = I(rows - 1), satterthwaite = joint(model, rows, "Satterthwaite"),
    `kenward-roger` = joint(model, rows, "Kenward-Roger")))
  if (spec$data %in% c("nested", "boundary")) {
    V <- vcovCR(model, type = "CR2", cluster = used$pair)
    tests <- coef_test(model, vcov = V, test = "Satterthwaite")
    wald <- Wald_test(model, constraints = constrain_zero(2:3), vcov = V, test = "HTZ")
    out$cr2 <- list(se = I(tests$SE), df = I(tests$df_Satt), p = I(tests$p_Satt),
                    joint = list(f = wald$Fstat, df_num = wald$df_num, df_den = wald$df_denom,
                                 p = wald$p_val))
  }
  out
}

# Likelihood ratios: data, smaller, larger, REML or not, and the df of both ends of the mixture.
ratios <- list(
  fixed = list("nested", "score ~ wave + (1 | pair/person)",
               "score ~ wave * arm + (1 | pair/person)", FALSE, 6, 6),
  variance = list("nested", "score ~ wave * arm + (1 | pair:person)",
                  "score ~ wave * arm + (1 | pair/person)", TRUE, 0, 1),
  slope = list("slope", "score ~ t * arm + (1 | someone)",
               "score ~ t * arm + (1 + t | someone)", TRUE, 1, 2),
  apart = list("slope", "score ~ t * arm + (1 | someone)",
               "score ~ t * arm + (t || someone)", FALSE, 0, 1),
  covariance = list("slope", "score ~ t * arm + (t || someone)",
                    "score ~ t * arm + (t | someone)", TRUE, 1, 1)
)
ratio <- function(spec) {
  data <- read(spec[[1]])
  small <- fit(spec[[2]], data, spec[[4]])
  large <- fit(spec[[3]], data, spec[[4]])
  found <- anova(small, large, refit = FALSE)
  tail <- function(df) pchisq(found$Chisq[2], df, lower.tail = FALSE)
  list(data = spec[[1]], smaller = spec[[2]], larger = spec[[3]], reml = spec[[4]],
       statistic = found$Chisq[2], df = I(unique(c(spec[[5]], spec[[6]]))),
       p = 0.5 * (tail(spec[[5]]) + tail(spec[[6]])))
}

result <- list(models = lapply(specs, reference), ratios = lapply(ratios, ratio))
result$versions <- as.list(c(R = R.version.string, sapply(
  c("lme4", "lmerTest", "pbkrtest", "emmeans", "clubSandwich"),
  function(p) as.character(packageVersion(p))
)))
writeLines(toJSON(result, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), "models.json")
