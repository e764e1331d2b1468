# Frozen references for events: Firth's logit with profile intervals, shares and rates of clusters.
# Run in this folder: Rscript make.R
# Writes input.json (drawn here, once; the endometrial data are brglm2's) and output.json.
suppressPackageStartupMessages({
  library(brglm2)
  library(clubSandwich)
  library(jsonlite)
})
set.seed(20265)
write_json_exactly <- function(x, file) {
  writeLines(toJSON(x, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file)
}

# -- Heinze and Schemper (2002): 79 cases, NV separates; and a trial in which an arm has no event --
data(endometrial)
arm <- rep(c(1, 0), each = 20)
stratum <- rep(c(0, 1), 20)
event <- as.numeric(arm == 0 & seq_along(arm) %in% c(21, 24, 27, 30, 38))
penalised <- function(beta, x, y) {
  eta <- drop(x %*% beta)
  w <- plogis(eta) * plogis(-eta)
  sum(y * plogis(eta, log.p = TRUE) + (1 - y) * plogis(-eta, log.p = TRUE)) +
    as.numeric(determinant(crossprod(x * w, x))$modulus) / 2
}
firth <- function(y, x) {
  colnames(x) <- paste0("b", seq_len(ncol(x)))  # coefficients of one name would be lost
  fit <- glm(y ~ x - 1, family = binomial("logit"), method = "brglmFit", type = "AS_mean",
             control = brglmControl(epsilon = 1e-12, maxit = 500))
  best <- unname(coef(fit))
  top <- penalised(best, x, y)
  # the profile by a general optimiser: nothing is shared with Newton's steps of the package
  profile <- function(j, at) {
    free <- best[-j]
    climb <- function(start) optim(start, function(b) {
      whole <- numeric(ncol(x)); whole[j] <- at; whole[-j] <- b
      value <- -penalised(whole, x, y)
      if (is.finite(value)) min(value, 1e6) else 1e6
    }, control = list(reltol = 1e-15, maxit = 5000))
    found <- climb(free)
    for (i in 1:4) found <- climb(found$par)
    -found$value
  }
  gap <- function(j) function(at) 2 * (top - profile(j, at)) - qchisq(0.95, 1)
  ends <- sapply(seq_along(best), function(j) c(
    uniroot(gap(j), best[j] - c(4, 0), tol = 1e-9, extendInt = "downX")$root,
    uniroot(gap(j), best[j] + c(0, 4), tol = 1e-9, extendInt = "upX")$root))
  p <- sapply(seq_along(best), function(j) pchisq(2 * (top - profile(j, 0)), 1, lower.tail = FALSE))
  list(coef = best, se = unname(sqrt(diag(vcov(fit)))), low = ends[1, ], high = ends[2, ], p = p)
}
# columns of like size, so that the optimiser's steps mean the same in each
scaled <- with(endometrial, cbind(1, NV, PI / 10, EH))

# -- counts and events of clustered people: differences by CR2 ---------------------------------
cluster <- rep(1:16, times = rep(c(2, 3, 1, 4), 4))
treated <- as.numeric(cluster <= 8)
n <- length(cluster)
shared <- rnorm(16, 0, 0.4)[cluster]
count <- rpois(n, exp(1 + 0.4 * treated + shared))
years <- round(runif(n, 0.2, 0.5), 3)
happened <- rbinom(n, 1, plogis(0.2 + 0.6 * treated + shared))
robust <- function(fit) {
  test <- coef_test(fit, vcov = "CR2", cluster = cluster, test = "Satterthwaite")
  row <- test[nrow(test), ]
  list(value = row$beta, se = row$SE, df = row$df_Satt, p = row$p_Satt)
}
# a rate over t years has variance 1 / t: rows times the root of t are alike
root <- sqrt(years)
timed <- treated * root
rate <- lm(happened / root ~ 0 + root + timed)

# -- single items: Brunner and Munzel's estimate, standard error and df from ranks ---------------
item <- c(4, 5, 3, 4, 5, 2, 4, 3, 5, 5, 4, 4,   3, 2, 4, 3, 1, 3, 4, 2, 3, 5, 2)
one <- rep(c(TRUE, FALSE), c(12, 11))
brunner_munzel <- function(x, y) {
  nx <- length(x); ny <- length(y)
  r <- rank(c(x, y)); rx <- r[1:nx]; ry <- r[-(1:nx)]
  vx <- sum((rx - rank(x) - mean(rx) + (nx + 1) / 2)^2) / (nx - 1)
  vy <- sum((ry - rank(y) - mean(ry) + (ny + 1) / 2)^2) / (ny - 1)
  list(value = (mean(rx) - mean(ry)) / (nx + ny) + 0.5,
       se = sqrt(vx / (nx * ny^2) + vy / (ny * nx^2)))
}

write_json_exactly(list(
  endometrial = endometrial,
  separated = list(event = event, arm = arm, stratum = stratum),
  clustered = list(cluster = cluster, treated = treated, count = count, years = years,
                   happened = happened),
  ordinal = list(item = item, first = one)
), "input.json")
write_json_exactly(list(
  endometrial = firth(endometrial$HG, scaled),
  separated = firth(event, cbind(1, arm, stratum)),
  count = robust(lm(count ~ treated)),
  share = robust(lm(happened ~ treated)),
  rate = robust(rate),
  ordinal = brunner_munzel(item[one], item[!one]),
  versions = list(R = R.version.string, brglm2 = as.character(packageVersion("brglm2")),
                  clubSandwich = as.character(packageVersion("clubSandwich")))
), "output.json")
