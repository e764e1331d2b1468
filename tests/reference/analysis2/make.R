# Frozen references for reliability, retest, pair life and leavers against stayers.
# Run in this folder: Rscript make.R
# Writes input.json (drawn here, once) and output.json (what R's packages say about it).
suppressPackageStartupMessages({
  library(psych)
  library(survival)
  library(clubSandwich)
  library(jsonlite)
})
set.seed(20261)
write_json_exactly <- function(x, file) {
  writeLines(toJSON(x, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file)
}

# -- a scale of five items, 1 to 7, the fourth worded in reverse; two waves; 60 people ----------
n <- 60
trait <- rnorm(n)
loading <- c(0.9, 0.8, 0.6, 0.7, 0.5)
draw <- function(shift) {
  raw <- sapply(loading, function(l) 4 + shift + 1.2 * (l * trait + sqrt(1 - l^2) * rnorm(n)))
  pmin(pmax(round(raw), 1), 7)
}
before <- draw(0)
after <- draw(0.4)
before[, 4] <- 8 - before[, 4]
after[, 4] <- 8 - after[, 4]
before[c(3, 17), 2] <- NA   # answered four of five items
before[9, ] <- NA           # answered nothing
items <- list(before = before, after = after)

scored <- lapply(items, function(x) { x[, 4] <- 8 - x[, 4]; x })
one <- function(x) {
  x <- x[complete.cases(x), ]
  colnames(x) <- paste0("i", 1:5)
  a <- suppressWarnings(psych::alpha(as.data.frame(x), check.keys = FALSE))
  f <- alpha.ci(a$total$raw_alpha, n.obs = nrow(x), n.var = 5, digits = 12)
  ml <- factanal(x, 1, control = list(lower = 0.005, opt = list(factr = 1, maxit = 10000)))
  by_psych <- fa(x, nfactors = 1, rotate = "none", fm = "ml")
  sds <- apply(x, 2, sd)
  common <- sum(ml$loadings[, 1] * sds)^2
  list(
    n = nrow(x),
    alpha = a$total$raw_alpha,
    feldt = c(f$lower.ci, f$upper.ci),
    item_rest = unname(a$item.stats$r.drop),
    without = unname(a$alpha.drop$raw_alpha),
    omega = common / (common + sum(ml$uniquenesses * sds^2)),
    omega_psych = sum(by_psych$loadings[, 1] * sds)^2 /
      (sum(by_psych$loadings[, 1] * sds)^2 + sum(by_psych$uniquenesses * sds^2))
  )
}
scale_score <- function(x) {
  score <- rowMeans(x, na.rm = TRUE)
  score[rowSums(!is.na(x)) < 2.5] <- NA
  score
}
two <- cbind(scale_score(scored$before), scale_score(scored$after))
two <- two[complete.cases(two), ]
agreement <- ICC(two, lmer = FALSE)$results["Single_random_raters", ]
r <- cor.test(two[, 1], two[, 2])

# -- pair life: 40 pairs in days, 1 = ended early, 0 = planned or still running -----------------
days <- pmin(ceiling(rexp(40, 1 / 200)), 365)
early <- as.integer(days < 365 & runif(40) < 0.8)
curve <- survfit(Surv(days / 30.4375, early) ~ 1, conf.type = "log-log")
months <- 1:12
at <- summary(curve, times = pmin(months, max(curve$time)))

# -- leavers against stayers: baseline of 48 people in 24 sets of two ---------------------------
set <- rep(1:24, each = 2)
base <- round(4 + rep(rnorm(24, 0, 0.6), each = 2) + rnorm(48), 2)
left <- as.integer(runif(48) < 0.3)
model <- lm(base ~ left)
tested <- coef_test(model, vcov = "CR2", cluster = set, test = "Satterthwaite")
bounds <- conf_int(model, vcov = "CR2", cluster = set, level = 0.95)

write_json_exactly(list(
  items = lapply(items, function(x) unname(split(x, col(x)))),
  pairs = list(days = days, early = early),
  leavers = list(set = set, base = base, left = left)
), "input.json")
write_json_exactly(list(
  scale = lapply(scored, one),
  retest = list(n = nrow(two), r = unname(r$estimate), r_ci = as.numeric(r$conf.int),
                icc = agreement$ICC, icc_ci = c(agreement$`lower bound`, agreement$`upper bound`)),
  pair_life = list(month = months, survival = at$surv, se = at$std.err, low = at$lower,
                   high = at$upper),
  leavers = list(difference = unname(coef(model)[2]), se = tested$SE[2], df = tested$df_Satt[2],
                 low = bounds$CI_L[2], high = bounds$CI_U[2]),
  versions = c(R = as.character(getRversion()), sapply(
    c("psych", "survival", "clubSandwich"), function(p) as.character(packageVersion(p))))
), "output.json")
