# References of small-sample inference in mixed models: Rscript lmm.R (in this folder); writes
# lmm.json from the frozen csv files.
suppressPackageStartupMessages({
  library(lme4); library(lmerTest); library(pbkrtest); library(clubSandwich); library(jsonlite)
})

by_wave <- score ~ wave1 + wave2 + arm + wave1:arm + wave2:arm
models <- list(
  nested = list(data = "nested", formula = update(by_wave, . ~ . + (1 | person) + (1 | pair)),
                cluster = "pair"),
  slope = list(data = "slope", formula = score ~ month + arm + month:arm + (1 + month | pair) + (1 | person),
               cluster = "pair"),
  uncorrelated = list(data = "slope", formula = score ~ month + arm + month:arm + (1 + month || pair),
                      cluster = "pair"),
  crossed = list(data = "crossed", formula = score ~ wave1 + arm + wave1:arm + (1 | junior) + (1 | senior),
                 cluster = "team"),
  coarse = list(data = "coarse", formula = update(by_wave, . ~ . + (1 | person) + (1 | pair)),
                cluster = "department"),
  boundary = list(data = "boundary", formula = update(by_wave, . ~ . + (1 | person) + (1 | pair)),
                  cluster = "pair"),
  tiny = list(data = "tiny", formula = score ~ wave1 + arm + wave1:arm + (1 | pair), cluster = "pair")
)

# lme4's search stops some 1e-6 short in theta: a few Newton steps on its own criterion, for the
# parameters that are not at the boundary, close the gap, so that all else can be compared exactly.
exact_fit <- function(formula, data) {
  parsed <- lFormula(formula, data)
  devfun <- do.call(mkLmerDevfun, parsed)
  control <- list(xtol_abs = 1e-10, ftol_abs = 1e-12, maxeval = 100000)
  opt <- optimizeLmer(devfun, optimizer = "nloptwrap", control = control)
  inside <- abs(opt$par) > 1e-3
  along <- function(x) { theta <- opt$par; theta[inside] <- x; theta[!inside] <- 0; devfun(theta) }
  x <- opt$par[inside]
  for (step in 1:4) x <- x - solve(numDeriv::hessian(along, x), numDeriv::grad(along, x))
  opt$par[inside] <- x
  opt$par[!inside] <- 0
  opt$fval <- devfun(opt$par)
  call <- as.call(list(quote(lmer), formula = formula, data = quote(data)))
  mkMerMod(environment(devfun), opt, parsed$reTrms, fr = parsed$fr, mc = call)
}

effects <- function(fit) {
  found <- ranef(fit, condVar = TRUE)
  lapply(found, function(one) {
    variance <- attr(one, "postVar")
    variance <- if (is.list(variance)) unname(variance) else list(variance)
    list(levels = rownames(one), values = unname(as.matrix(one)),
         # one array a term, (level, effect, effect)
         variances = lapply(variance, function(a) aperm(a, c(3, 1, 2))))
  })
}

reference <- function(model) {
  data <- read.csv(paste0(model$data, ".csv"))
  assign("data", data, envir = globalenv())
  fit <- exact_fit(model$formula, data)
  terms <- names(fixef(fit))
  slopes <- grep(":arm", terms)
  rows <- list(arm = which(terms == "arm"), all = seq_along(terms)[-1])
  if (length(slopes) > 1) rows$interaction <- slopes
  V <- vcovCR(fit, cluster = data[[model$cluster]], type = "CR2")
  tests <- coef_test(fit, vcov = V, test = "Satterthwaite")
  weights <- c(0, seq(1, -0.5, length.out = length(terms) - 1))
  line <- linear_contrast(fit, vcov = V, contrasts = matrix(weights, 1), test = "Satterthwaite")
  better <- as_lmerModLmerTest(fit)
  joint <- lapply(rows, function(which) {
    L <- diag(length(terms))[which, , drop = FALSE]
    plain <- contestMD(better, L)
    # KRmodcomp stops where lme4 calls the fit by another data name: the arithmetic behind it.
    adjusted <- pbkrtest:::.KR_adjust(vcovAdj(fit), vcov(fit), L, fixef(fit), 0)
    htz <- if (length(which) > 1) Wald_test(fit, constraints = constrain_zero(which), vcov = V, test = "HTZ")
    list(
      terms = terms[which],
      satterthwaite = list(f = plain[["F value"]], df_num = plain$NumDF, df_den = plain$DenDF, p = plain[["Pr(>F)"]]),
      kenward_roger = list(f = adjusted$Fstat, df_num = adjusted$ndf, df_den = adjusted$ddf, p = adjusted$p.value),
      htz = if (!is.null(htz)) list(f = htz$Fstat, df_num = htz$df_num, df_den = htz$df_denom, p = htz$p_val)
    )
  })
  list(
    data = model$data, cluster = model$cluster, terms = terms, coef = unname(fixef(fit)),
    theta = unname(getME(fit, "theta")), sigma = sigma(fit), criterion = REMLcrit(fit),
    se = unname(sqrt(diag(as.matrix(vcov(fit))))),
    cr2 = list(vcov = unname(as.matrix(V)), se = tests$SE, df = tests$df_Satt, p = tests$p_Satt,
               contrast = list(weights = weights, estimate = line$Est, se = line$SE, df = line$df)),
    joint = joint, random = effects(fit), fitted = unname(fitted(fit))
  )
}

result <- lapply(models, reference)
result$versions <- as.list(c(R = R.version.string, sapply(
  c("lme4", "lmerTest", "pbkrtest", "clubSandwich", "numDeriv"), function(p) as.character(packageVersion(p))
)))
writeLines(toJSON(result, digits = NA, auto_unbox = TRUE, pretty = TRUE), "lmm.json")
