# Frozen references for value: cost per point and net benefit of clustered people.
# Run in this folder: Rscript make.R
# Writes input.json (drawn here, once) and output.json. The cost per point is found by a search: all
# r for which the cluster-robust t of (cost - r gain) is not beyond its quantile.
suppressPackageStartupMessages({
  library(clubSandwich)
  library(jsonlite)
})
set.seed(20266)
write_json_exactly <- function(x, file) {
  writeLines(toJSON(x, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file)
}
cluster <- rep(1:24, times = rep(c(1, 2, 2, 3), 6))
arm <- as.numeric(cluster <= 12)
n <- length(cluster)
shared <- rnorm(24, 0, 0.2)[cluster]
before <- round(3 + shared + rnorm(n, 0, 0.6), 2)
minutes <- arm * round(runif(n, 200, 900))
gain <- 0.7 + 0.0006 * (minutes - 500)
after <- round(before + arm * gain + shared + rnorm(n, 0, 0.4), 2)

programme <- 6000; hourly <- 70; worth <- 2500
cost <- arm * programme / sum(arm) + hourly * 2 * minutes / 60
test <- function(y) {
  fit <- lm(y ~ arm + before)
  coef_test(fit, vcov = "CR2", cluster = cluster, test = "Satterthwaite", coefs = "arm")
}
of <- function(y) {
  t <- test(y)
  half <- qt(0.975, t$df_Satt) * t$SE
  list(value = t$beta, se = t$SE, df = t$df_Satt, low = t$beta - half, high = t$beta + half)
}
beyond <- function(r) {
  t <- test(cost - r * after)
  abs(t$beta / t$SE) - qt(0.975, t$df_Satt)
}
middle <- of(cost)$value / of(after)$value
ends <- c(uniroot(beyond, c(0, middle), tol = 1e-9)$root,
          uniroot(beyond, c(middle, 100 * middle), tol = 1e-9)$root)
write_json_exactly(list(
  cluster = cluster, arm = arm, before = before, after = after, minutes = minutes,
  programme = programme, hourly = hourly, worth = worth
), "input.json")
write_json_exactly(list(
  gain = of(after), cost = of(cost), net_benefit = of(worth * after - cost),
  per_point = list(value = middle, low = ends[1], high = ends[2]),
  versions = list(R = R.version.string, clubSandwich = as.character(packageVersion("clubSandwich")))
), "output.json")
