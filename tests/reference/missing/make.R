# Frozen references for Rubin's rules and for multiple imputation.
# Run in this folder: Rscript make.R
# Writes input.json (drawn here, once) and output.json (what R's mice says about it).
suppressPackageStartupMessages({
  library(mice)
  library(jsonlite)
})
set.seed(20268)
write_json_exactly <- function(x, file) {
  writeLines(toJSON(x, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file)
}

# -- pooling: twelve estimates with their variances, and the complete data's df ------------------
estimates <- round(rnorm(12, 0.4, 0.15), 4)
variances <- round(runif(12, 0.03, 0.06), 4)
dfcom <- 17.3
pooled <- pool.scalar(estimates, variances, n = dfcom + 1, k = 1)

# -- imputation: two arms, a baseline and two follow-ups, missing at random ----------------------
n <- 120
arm <- rep(c(1, 0), each = n / 2)
before <- round(rnorm(n, 4, 1), 2)
middle <- round(0.7 * before + 1.3 + 0.3 * arm + rnorm(n, 0, 0.7), 2)
after <- round(0.5 * before + 0.4 * middle + 0.4 + 0.5 * arm + rnorm(n, 0, 0.6), 2)
gone <- runif(n) < plogis(-0.8 - 0.8 * (middle - 4.1))
after[gone] <- NA
middle[gone & runif(n) < 0.3] <- NA
d <- data.frame(before, middle, after)
fits <- function(m) {
  parts <- lapply(c(1, 0), function(a) {
    complete(mice(d[arm == a, ], m = m, method = "norm", maxit = 20, printFlag = FALSE), "all")
  })
  sapply(seq_len(m), function(k) {
    both <- rbind(cbind(parts[[1]][[k]], arm = 1), cbind(parts[[2]][[k]], arm = 0))
    found <- summary(lm(after ~ arm + before, both))$coefficients["arm", ]
    c(found[["Estimate"]], found[["Std. Error"]]^2)
  })
}
m <- 400
each <- fits(m)
mi <- pool.scalar(each[1, ], each[2, ], n = n, k = 3)

write_json_exactly(list(
  pooling = list(estimates = estimates, variances = variances, df = dfcom),
  imputation = list(arm = arm, before = before, middle = middle, after = after)
), "input.json")
write_json_exactly(list(
  pooling = list(estimate = pooled$qbar, se = sqrt(pooled$t), df = pooled$df,
                 within = pooled$ubar, between = pooled$b),
  imputation = list(m = m, estimate = mi$qbar, within = mi$ubar, between = mi$b,
                    answered = unname(coef(lm(after ~ arm + before))["arm"]))
), "output.json")
