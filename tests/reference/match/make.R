# Frozen references for match quality: the model of record by lm and by lmer with CR2, Kenward and
# Roger's test, Holm, and congruence as a response surface.
# Run in this folder: Rscript make.R
# Writes input.json (drawn here, once) and output.json (what R's packages say about it).
suppressPackageStartupMessages({
  library(lme4)
  library(pbkrtest)
  library(clubSandwich)
  library(jsonlite)
})
set.seed(20265)
write_json_exactly <- function(x, file) {
  writeLines(toJSON(x, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file)
}

# -- 120 one-to-one pairs: answers of both on one scale from 1 to 7, levels, gains ----------------
n <- 120
senior <- round(pmin(pmax(rnorm(n, 4.3, 1.4), 1), 7), 1)
junior <- round(pmin(pmax(rnorm(n, 3.8, 1.4), 1), 7), 1)
before <- round(rnorm(n, 3, 0.8), 3)
after <- round(before * 0.6 + 1.5 + 0.10 * senior - 0.08 * (senior - junior)^2 / 2 +
               0.03 * senior * junior / 4 + rnorm(n, 0, 0.6) * (1 + 0.15 * abs(junior - 4)), 3)
# -- 36 juniors, two to a senior ----------------------------------------------------------------
sets <- rep(1:18, each = 2)
g_senior <- round(runif(18, 1, 7), 1)
g_junior <- round(runif(36, 1, 7), 1)
g_before <- round(rnorm(36, 3, 0.8), 3)
g_after <- round(0.5 * g_before + 2 - 0.15 * abs(g_senior[sets] - g_junior) +
                 rnorm(18, 0, 0.5)[sets] + rnorm(36, 0, 0.5), 3)
write_json_exactly(list(
  pairs = list(senior = senior, junior = junior, before = before, after = after),
  group = list(set = sets, senior = g_senior, junior = g_junior, before = g_before,
               after = g_after)
), "input.json")

one <- function(test) list(value = test[["beta"]], se = test[["SE"]], df = test[["df"]],
                           p = test[["p"]])
row <- function(table, name) {
  r <- table[rownames(table) == name, ]
  list(value = r$beta, se = r$SE, df = r$df, p = r$p_Satt)
}

fit <- 1 - abs(senior - junior) / 6
per_sd <- fit / sd(fit)
plain <- lm(after ~ before + senior + junior + per_sd)
record <- coef_test(plain, vcov = "CR2", cluster = seq_len(n), test = "Satterthwaite")

# -- Edwards and Parry's surface about the midpoint 4 ---------------------------------------------
x <- senior - 4
y <- junior - 4
surface <- lm(after ~ before + x + y + I(x^2) + I(x * y) + I(y^2))
weights <- list(a1 = c(0, 0, 1, 1, 0, 0, 0), a2 = c(0, 0, 0, 0, 1, 1, 1),
                a3 = c(0, 0, 1, -1, 0, 0, 0), a4 = c(0, 0, 0, 0, 1, -1, 1))
told <- lapply(weights, function(w) {
  r <- linear_contrast(surface, vcov = "CR2", contrasts = matrix(w, 1), cluster = seq_len(n),
                       test = "Satterthwaite")
  list(value = r$Est, se = r$SE, df = r$df, low = r$CI_L, high = r$CI_U)
})

# -- groups ---------------------------------------------------------------------------------------
g <- data.frame(after = g_after, before = g_before, senior = g_senior[sets], junior = g_junior,
                set = factor(sets))
g$fit <- 1 - abs(g$senior - g$junior) / 6
g$per_sd <- g$fit / sd(g$fit)
mixed <- lmer(after ~ before + junior + senior + per_sd + (1 | set), g, REML = TRUE,
              control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
robust <- coef_test(mixed, vcov = "CR2", test = "Satterthwaite")
kr <- vcovAdj(mixed)
w <- c(0, 0, 0, 0, 1)
adjusted <- list(value = unname(fixef(mixed)[5]), se = sqrt(as.numeric(t(w) %*% kr %*% w)),
                 df = as.numeric(get_Lb_ddf(mixed, w)))
write_json_exactly(list(
  record = row(record, "per_sd"),
  surface = told,
  group = row(robust, "per_sd"),
  group_kr = adjusted,
  variance = as.data.frame(VarCorr(mixed))$vcov,
  holm = p.adjust(c(0.03, 0.2, 0.011), "holm")
), "output.json")
