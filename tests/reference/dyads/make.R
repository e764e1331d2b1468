# Frozen references for the actor-partner model, subgroups and equivalence.
# Run in this folder: Rscript make.R
# Writes input.json (drawn here, once) and output.json (what R's packages say about it).
suppressPackageStartupMessages({
  library(nlme)
  library(clubSandwich)
  library(metafor)
  library(jsonlite)
})
set.seed(20264)
write_json_exactly <- function(x, file) {
  writeLines(toJSON(x, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file)
}
tight <- glsControl(tolerance = 1e-12, msTol = 1e-13, maxIter = 500, msMaxIter = 500, opt = "optim")

# -- 24 dyads in 16 clusters; five dyads lack one member's outcome ------------------------------
n <- 24
cluster <- c(rep(1:8, each = 2), 9:16)
before <- cbind(rnorm(n, 3, 0.8), rnorm(n, 3.4, 0.6))
shared <- rnorm(n)
after <- cbind(
  1 + 0.6 * before[, 1] + 0.2 * before[, 2] + 0.5 * (shared + rnorm(n)),
  2 + 0.4 * before[, 2] - 0.1 * before[, 1] + 0.3 * (shared + rnorm(n))
)
before <- round(before, 3)
after <- round(after, 3)
lacking <- after
lacking[c(2, 11, 20), 1] <- NA
lacking[c(5, 17), 2] <- NA

long <- function(y) {
  d <- data.frame(dyad = rep(1:n, 2), cluster = rep(cluster, 2), role = rep(1:2, each = n),
                  y = c(y), own = c(before), other = c(before[, 2:1]))
  d <- d[!is.na(d$y), ]
  d <- d[order(d$dyad, d$role), ]
  d$who <- factor(d$role)
  d
}
fitted <- function(d, method) {
  gls(y ~ 0 + who + who:own + who:other, data = d, method = method, control = tight,
      correlation = corSymm(form = ~ role | dyad), weights = varIdent(form = ~ 1 | who))
}
# intercept, own, partner's slope of the first role, then of the second
wanted <- c(1, 3, 5, 2, 4, 6)
model <- function(y) {
  d <- long(y)
  m <- fitted(d, "REML")
  rho <- coef(m$modelStruct$corStruct, unconstrained = FALSE)[[1]]
  ratio <- coef(m$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
  ratio <- ratio[c("1", "2")]
  # dyads are ordered by id, so is the cluster that clubSandwich is told of
  v <- vcovCR(m, cluster = d$cluster, type = "CR2")
  each <- coef_test(m, vcov = v, test = "Satterthwaite")
  joint <- Wald_test(m, constraints = diag(6)[wanted[c(3, 6)], ], vcov = v, test = "HTZ")
  list(
    coef = unname(coef(m))[wanted],
    se = unname(sqrt(diag(vcov(m))))[wanted],
    sd = unname(m$sigma * ratio), rho = rho,
    cr2 = each$SE[wanted], df = each$df_Satt[wanted],
    partners = list(f = joint$Fstat, df = joint$df_denom, p = joint$p_val)
  )
}
alike <- function() {
  d <- long(after)
  free <- fitted(d, "ML")
  same <- gls(y ~ own + other, data = d, method = "ML", control = tight,
              correlation = corCompSymm(form = ~ role | dyad))
  list(statistic = 2 * (as.numeric(logLik(free)) - as.numeric(logLik(same))))
}

# -- contrasts of five groups with correlated errors: partial pooling ----------------------------
estimate <- c(0.42, 0.10, 0.65, 0.28, -0.05)
covariance <- diag(c(0.04, 0.03, 0.06, 0.02, 0.05)) + 0.004
pool <- function(y, v) {
  m <- rma.mv(y, v, random = ~ 1 | factor(seq_along(y)), method = "REML",
              control = list(rel.tol = 1e-10))
  list(tau2 = m$sigma2, mean = as.numeric(m$beta), se = m$se)
}
one <- rma(estimate, diag(covariance), method = "REML", control = list(threshold = 1e-14, maxiter = 1000))
shrunk <- blup(one)
# Rubin's eight coaching schools, as published
schools <- list(estimate = c(28, 8, -3, 7, -1, 1, 18, 12), se = c(15, 10, 16, 11, 9, 11, 10, 18))

# -- two one-sided tests by quantiles of t --------------------------------------------------------
tost <- function(estimate, se, df, delta) {
  list(p = max(pt((estimate + delta) / se, df, lower.tail = FALSE),
               pt((estimate - delta) / se, df)),
       low90 = estimate - qt(0.95, df) * se, high90 = estimate + qt(0.95, df) * se,
       low95 = estimate - qt(0.975, df) * se, high95 = estimate + qt(0.975, df) * se)
}
cases <- list(c(0.05, 0.1, 18.4, 0.3), c(-0.25, 0.1, 18.4, 0.3), c(0.1, 0.4, 9.7, 0.3))

write_json_exactly(list(
  dyads = list(cluster = cluster, before = unname(split(before, col(before))),
               after = unname(split(after, col(after))),
               lacking = unname(split(lacking, col(lacking)))),
  groups = list(estimate = estimate, covariance = covariance), schools = schools,
  equivalence = cases
), "input.json")
write_json_exactly(list(
  complete = model(after), lacking = model(lacking), alike = alike(),
  pooled = pool(estimate, covariance),
  alone = list(tau2 = one$tau2, mean = as.numeric(one$beta), se = one$se,
               shrunk = shrunk$pred, shrunk_se = shrunk$se),
  schools = pool(schools$estimate, diag(schools$se^2)),
  equivalence = lapply(cases, function(x) do.call(tost, as.list(x)))
), "output.json")
