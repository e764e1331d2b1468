# R 4.2, lme4, lmerTest, pbkrtest, clubSandwich, estimatr, jsonlite. Run in this folder:
# Rscript make.R. Draws arms.csv and gains.csv (once: they are frozen), writes output.json:
# what stands beside compare_arms, and gains held against meetings.
suppressPackageStartupMessages({
  library(lme4); library(lmerTest); library(pbkrtest); library(clubSandwich); library(estimatr)
  library(jsonlite)
})
set.seed(20263)

# -- two arms: 64 people in 40 sets, some of the programme never met ------------------------------
if (!file.exists("arms.csv")) {
  set <- c(1:40, sample(1:40, 24))
  arm <- c("comparison", "programme")[1 + (set %% 2)]
  years <- round(runif(64, 1, 30)) + 3 * (arm == "programme")
  before <- round(4 + 0.02 * years + rnorm(40, 0, 0.5)[set] + rnorm(64, 0, 0.8), 1)
  met <- ifelse(arm == "programme", as.integer(runif(64) < 0.75), 0L)
  after <- round(1.5 + 0.6 * before + 0.7 * met + rnorm(40, 0, 0.4)[set] + rnorm(64, 0, 0.7), 1)
  write.csv(data.frame(set, arm, years, before, after, met), "arms.csv", row.names = FALSE)
}
# -- the programme alone: 36 people in 26 sets, four waves, meetings in the three intervals -------
if (!file.exists("gains.csv")) {
  set <- c(1:26, sample(1:26, 10))
  usual <- 2 + rpois(36, 2)
  m <- sapply(1:3, function(k) pmax(usual + sample(-2:2, 36, TRUE) - (k == 3), 0))
  talent <- rnorm(36, 0, 0.4) + rnorm(26, 0, 0.4)[set]
  y <- matrix(round(3.5 + rnorm(36, 0, 0.7), 1), 36, 4)
  for (k in 1:3) {
    y[, k + 1] <- round(y[, k] + 0.1 + talent + 0.08 * (m[, k] - 3) + rnorm(36, 0, 0.3), 1)
  }
  y[3, 4] <- NA; y[10, 3] <- NA; y[11, 2] <- NA; y[20, 1] <- NA; y[25, 2:4] <- NA
  colnames(m) <- paste0("m", 1:3); colnames(y) <- paste0("y", 0:3)
  write.csv(data.frame(set, y, m), "gains.csv", row.names = FALSE)
}

out <- list()
d <- read.csv("arms.csv")
d$programme <- as.integer(d$arm == "programme")
iv <- iv_robust(after ~ met + before + years | programme + before + years, data = d,
                clusters = set, se_type = "CR2")
out$complier <- unname(c(iv$coefficients["met"], iv$std.error["met"], iv$df["met"],
                         iv$p.value["met"]))
mixed <- lmer(after ~ programme + before + years + (1 | set), d)
kr <- contest1D(mixed, c(0, 1, 0, 0), ddf = "Kenward-Roger")
out$kenward_roger <- unname(unlist(kr[c("Estimate", "Std. Error", "df", "Pr(>|t|)")]))
chance <- fitted(glm(programme ~ before + years, binomial, d,
                     control = glm.control(epsilon = 1e-14, maxit = 100)))
d$w <- ifelse(d$programme == 1, 1 - chance, chance)
# weighted least squares is least squares of rows scaled by the roots of their weights
scaled <- with(d, data.frame(set, y = after, one = 1, programme, before, years))
scaled[, -1] <- scaled[, -1] * sqrt(d$w)
weighted <- lm(y ~ 0 + one + programme + before + years, scaled)
t <- coef_test(weighted, vcov = "CR2", cluster = scaled$set, test = "Satterthwaite")
out$overlap <- unname(unlist(t["programme", c("beta", "SE", "df_Satt", "p_Satt")]))
out$weighted_means <- with(d, weighted.mean(after[programme == 1], w[programme == 1]) -
                              weighted.mean(after[programme == 0], w[programme == 0]))

g <- read.csv("gains.csv")
g$person <- seq_len(nrow(g))
long <- do.call(rbind, lapply(1:3, function(k) data.frame(
  person = g$person, set = g$set, interval = k, start = g$y0,
  gain = g[[paste0("y", k)]] - g[[paste0("y", k - 1)]], meetings = g[[paste0("m", k)]])))
long <- long[complete.cases(long), ]
long$usual <- ave(long$meetings, long$person)
long$within <- long$meetings - long$usual
long$between <- long$usual
long$bend <- (long$meetings - mean(long$meetings))^2
long$interval <- factor(long$interval)
long$start <- long$start - mean(long$start)
strict <- lmerControl(optCtrl = list(maxeval = 1e5, xtol_abs = 1e-12, ftol_abs = 1e-14))
straight <- lmer(gain ~ 0 + interval + interval:start + within + between +
                   (1 | person) + (1 | set), long, control = strict)
bent <- update(straight, . ~ . + bend)
about <- function(model, weights) {
  v <- vcovCR(model, long$set, "CR2")
  r <- linear_contrast(model, v, contrasts = matrix(weights, 1), test = "Satterthwaite",
                       p_values = TRUE)
  unname(unlist(r[c("Est", "SE", "df", "p_val")]))
}
row <- function(model, ...) {
  w <- setNames(rep(0, length(fixef(model))), names(fixef(model)))
  w[names(c(...))] <- c(...); unname(w)
}
out$within <- about(straight, row(straight, within = 1))
out$between <- about(straight, row(straight, between = 1))
out$contextual <- about(straight, row(straight, between = 1, within = -1))
out$saturation <- about(bent, row(bent, bend = 2))
for (term in c("within", "between")) {
  one <- contest1D(straight, row(straight, setNames(1, term)), ddf = "Kenward-Roger")
  out[[paste0(term, "_kenward_roger")]] <-
    unname(unlist(one[c("Estimate", "Std. Error", "df", "Pr(>|t|)")]))
}
out$variances <- as.data.frame(VarCorr(straight))$vcov
out$versions <- c(R = as.character(getRversion()), sapply(
  c("lme4", "lmerTest", "pbkrtest", "clubSandwich", "estimatr"),
  function(p) as.character(packageVersion(p))))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "output.json")
