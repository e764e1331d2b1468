# Frozen references for Cox regression, response weights and weighted contrasts.
# Run in this folder: Rscript make.R
# Writes input.json (drawn here, once) and output.json (what R's packages say about it).
suppressPackageStartupMessages({
  library(survival)
  library(clubSandwich)
  library(jsonlite)
})
set.seed(20267)
write_json_exactly <- function(x, file) {
  writeLines(toJSON(x, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file)
}

# -- pairs that ended early or not: months in whole numbers, so that many are tied ---------------
n <- 80
site <- rep(1:20, each = 4)
gap <- round(rnorm(n, 2, 1), 1)
skill <- round(rnorm(n, 4, 1) + rnorm(20, 0, 0.5)[site], 1)
raw <- rexp(n, 0.08 * exp(0.5 * (gap - 2) - 0.3 * (skill - 4) + rnorm(20, 0, 0.4)[site]))
time <- pmin(ceiling(raw), 12)
event <- as.integer(raw <= 12)
cox <- list(time = time, event = event, gap = gap, skill = skill, site = site)
fit <- coxph(Surv(time, event) ~ gap + skill, cluster = site, ties = "efron",
             control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100))
zph <- cox.zph(fit, transform = "km")

# -- who answered, the weights, and the weighted difference --------------------------------------
m <- 60
arm <- rep(c(1, 0), each = 30)
group <- rep(1:20, each = 3)
before <- round(rnorm(m, 4, 1), 2)
answered <- as.integer(runif(m) < plogis(0.8 + 0.9 * (before - 4) - 0.6 * arm * (before - 4)))
after <- round(0.6 * before + 0.5 * arm + rnorm(20, 0, 0.4)[group] + rnorm(m), 2)
after[answered == 0] <- NA
weighted <- list(arm = arm, group = group, before = before, answered = answered, after = after)
response <- glm(answered ~ arm * before, family = binomial,
                control = glm.control(epsilon = 1e-14, maxit = 100))
rate <- ave(answered, arm)
w <- rate / fitted(response)
# the weighted difference with CR2, the rows times the roots of their weights taken as of one variance
r <- sqrt(w)
d <- data.frame(y = r * after, one = r, arm = r * arm, before = r * before, group)[answered == 1, ]
wls <- lm(y ~ 0 + one + arm + before, data = d)
v <- vcovCR(wls, cluster = d$group, type = "CR2")
test <- coef_test(wls, vcov = v, test = "Satterthwaite")

write_json_exactly(list(cox = cox, weighted = weighted), "input.json")
write_json_exactly(list(
  cox = list(coef = unname(coef(fit)), se = unname(sqrt(diag(fit$var))),
             naive = unname(sqrt(diag(fit$naive.var))),
             zph = unname(zph$table[, "p"])),
  weighted = list(response = unname(coef(response)), weights = unname(w),
                  estimate = test$beta[2], se = test$SE[2], df = test$df_Satt[2])
), "output.json")
