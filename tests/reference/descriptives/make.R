# Frozen references for what describes (means, shares, recommendation), and for what stands beside
# an answer: wild bootstrap, a variance share, gains of two members, ranks, bounds, a tipping point.
# Run in this folder: Rscript make.R
# Writes input.json (drawn here, once) and output.json (what R's packages say about it).
suppressPackageStartupMessages({
  library(clubSandwich)
  library(effectsize)
  library(jsonlite)
  library(lme4)
  library(mice)
  library(pbkrtest)
  library(survey)
})
set.seed(20267)
write_json_exactly <- function(x, file) {
  writeLines(toJSON(x, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file)
}
robust <- function(fit, cluster, place = 1) {
  row <- coef_test(fit, vcov = "CR2", cluster = cluster, test = "Satterthwaite")[place, ]
  half <- qt(0.975, row$df_Satt) * row$SE
  list(value = row$beta, se = row$SE, df = row$df_Satt, low = row$beta - half, high = row$beta + half)
}

# -- answers of 34 seniors, 1 to 4 of whom share a junior: 14 independent sets -------------------
set_of <- rep(1:14, times = c(3, 2, 4, 1, 3, 2, 2, 4, 1, 3, 2, 3, 2, 2))
leaning <- rnorm(14)[set_of]
liked <- pmin(pmax(round(3.4 + 0.8 * leaning + 0.8 * rnorm(34)), 1), 5)
recommend <- pmin(pmax(round(7 + 1.5 * leaning + 1.5 * rnorm(34)), 0), 10)
favourable <- as.numeric(liked >= 4)
share <- mean(favourable)
by_set <- svydesign(ids = ~set_of, weights = ~1, data = data.frame(set_of, favourable))
effect <- as.numeric(vcov(svymean(~favourable, by_set))) / (share * (1 - share) / 34)
effective <- 34 / max(1, effect)
wilson <- suppressWarnings(prop.test(share * effective, effective, correct = FALSE)$conf.int)
points <- 100 * ((recommend >= 9) - (recommend <= 6))

# -- wild cluster bootstrap: all 6^6 draws of Webb's weights of 6 clusters, null imposed ----------
wild_cluster <- rep(1:6, times = c(3, 5, 2, 4, 3, 4))
wild_arm <- as.numeric(wild_cluster %in% c(1, 3, 5))
wild_before <- round(rnorm(21, 3), 2)
wild_after <- round(wild_before * 0.6 + 0.9 * wild_arm + 0.5 * rnorm(6)[wild_cluster] + rnorm(21, 0, 0.6), 2)
x <- cbind(1, wild_arm, wild_before)
null <- lm(wild_after ~ wild_before)
webb <- c(-1, 1) %x% sqrt(c(0.5, 1, 1.5))
draws <- as.matrix(expand.grid(rep(list(webb), 6)))
bread <- solve(crossprod(x))
t_of <- function(y) { # columns of y are data sets: CR1's t of the arm, but for a constant
  b <- bread %*% crossprod(x, y)
  left <- y - x %*% b
  lean <- (x %*% bread)[, 2]
  b[2, ] / sqrt(colSums(rowsum(lean * left, wild_cluster)^2))
}
again <- fitted(null) + t(draws)[wild_cluster, ] * resid(null)
observed <- t_of(cbind(wild_after))
wild <- list(
  p = mean(abs(t_of(again)) >= abs(observed) * (1 - 1e-9)),
  t = coef_test(lm(wild_after ~ wild_arm + wild_before), vcov = "CR1S", cluster = wild_cluster,
                test = "naive-t")[2, "tstat"]
)

# -- the share of variance between groups, by the profile of lme4's restricted deviance ----------
group <- rep(1:10, times = c(4, 6, 3, 5, 4, 7, 3, 4, 5, 4))
score <- round(5 + 1.3 * rnorm(10)[group] + rnorm(45), 3)
profile <- lmer(score ~ 1 + (1 | group), devFunOnly = TRUE)
best <- optimize(profile, c(0, 5), tol = 1e-12)
gap <- function(theta) profile(theta) - best$objective - qchisq(0.95, 1)
ends <- c(if (gap(0) > 0) uniroot(gap, c(0, best$minimum), tol = 1e-13)$root else 0,
          uniroot(gap, c(best$minimum, 50), tol = 1e-13)$root)
as_share <- function(theta) theta^2 / (1 + theta^2)

# -- gains of the two members of 24 pairs in 9 sets: jackknife of Fisher's z ----------------------
gain_set <- rep(1:9, times = c(3, 2, 4, 2, 3, 2, 3, 2, 3))
one <- round(rnorm(24), 2)
other <- round(0.5 * one + rnorm(24), 2)
z <- atanh(cor(one, other))
pseudo <- sapply(1:9, function(g) 9 * z - 8 * atanh(cor(one[gain_set != g], other[gain_set != g])))
se_z <- sd(pseudo) / 3
reciprocity <- list(value = cor(one, other), low = tanh(z - qt(0.975, 8) * se_z),
                    high = tanh(z + qt(0.975, 8) * se_z), p = 2 * pt(-abs(z) / se_z, 8))

# -- ranks of 18 changes on a scale of ties --------------------------------------------------------
pre <- c(3, 2, 4, 3, 5, 2, 3, 4, 1, 3, 2, 4, 3, 3, 2, 5, 4, 3)
post <- c(4, 3, 4, 5, 5, 4, 2, 5, 3, 3, 4, 3, 5, 4, 3, 4, 5, 5)
ranks <- suppressWarnings(wilcox.test(post, pre, paired = TRUE, exact = FALSE, correct = TRUE))
paired <- t.test(post, pre, paired = TRUE)

# -- Lee's bounds, Imbens and Manski's interval ------------------------------------------------------
lee_first <- rep(c(TRUE, FALSE), c(14, 12))
lee_y <- c(4.1, 3.2, 5.0, 2.7, 3.9, 4.4, 3.6, 4.8, 2.9, 3.3, 4.0, NA, 3.7, NA,
           3.1, 2.8, NA, 4.2, NA, 3.0, 2.5, NA, 3.4, NA, 2.6, 3.8)
seen <- function(first) sort(lee_y[lee_first == first & !is.na(lee_y)])
rate <- function(first) length(seen(first)) / sum(lee_first == first)
cut <- 1 - rate(FALSE) / rate(TRUE)  # more of the first arm answered: its surplus is cut off
part <- function(y, keep) { # the mean of the first keep answers, the last one counting in part
  w <- pmin(pmax(keep - seq_along(y) + 1, 0), 1)
  weighted.mean(y, w)
}
keep <- (1 - cut) * length(seen(TRUE))
lee <- list(low = part(seen(TRUE), keep) - mean(seen(FALSE)),
            high = part(rev(seen(TRUE)), keep) - mean(seen(FALSE)), trimmed = cut)
manski <- function(low, high, low_se, high_se, df) {
  width <- (high - low) / max(low_se, high_se)
  k <- uniroot(function(k) pt(k + width, df) - pt(-k, df) - 0.95, c(0, 10), tol = 1e-13)$root
  c(low - k * low_se, high + k * high_se)
}

# -- imputed values of one arm moved: pooled by Rubin's rules with CR2, as mice pools --------------
tip_cluster <- rep(1:12, each = 2)
tip_arm <- rep(c(1, 0), 12)[tip_cluster]
tip_lost <- as.numeric(seq_len(24) %in% c(1, 2, 6, 9, 15, 18))
tip_full <- round(3 + 0.9 * tip_arm + 0.4 * rnorm(12)[tip_cluster] + rnorm(24, 0, 0.6), 2)
imputed <- sapply(1:5, function(m) ifelse(tip_lost == 1, round(3.3 + 0.6 * tip_arm + rnorm(24, 0, 0.7), 2), tip_full))
moved <- lapply(c(0, 0.4, 1.1), function(delta) {
  each <- apply(imputed, 2, function(y) {
    found <- robust(lm(I(y - delta * tip_lost * tip_arm) ~ tip_arm), tip_cluster, 2)
    c(found$value, found$se^2, found$df)
  })
  pooled <- pool.scalar(each[1, ], each[2, ], n = each[3, 1] + 1, k = 1)
  list(delta = delta, value = pooled$qbar, se = sqrt(pooled$t), df = pooled$df)
})

# -- each of 12 seniors rated by two juniors, in one ring: crossed effects, Kenward and Roger ------
ring <- expand.grid(wave = 1:3, pair = 1:24)
ring$senior <- (ring$pair - 1) %/% 2 + 1
ring$junior <- ifelse(ring$pair %% 2 == 1, ring$senior, ring$senior %% 12 + 1)
ring$score <- round(3 + 0.3 * ring$wave + rnorm(12, 0, 0.9)[ring$senior] + rnorm(12, 0, 0.8)[ring$junior] +
  rnorm(24, 0, 0.5)[ring$pair] + rnorm(72, 0, 0.5), 2)
crossed <- lmer(score ~ 0 + factor(wave) + (1 | pair) + (1 | senior) + (1 | junior), ring,
                control = lmerControl(optCtrl = list(xtol_rel = 1e-12, xtol_abs = 1e-12, ftol_abs = 1e-14)))
adjusted <- vcovAdj(crossed)
rated <- lapply(1:3, function(k) {
  L <- as.numeric(1:3 == k)
  list(value = unname(fixef(crossed)[k]), se = sqrt(adjusted[k, k]), df = Lb_ddf(L, vcov(crossed), adjusted))
})
sizes <- as.data.frame(VarCorr(crossed))

write_json_exactly(list(
  answers = list(set = set_of, liked = liked, recommend = recommend),
  wild = list(cluster = wild_cluster, arm = wild_arm, before = wild_before, after = wild_after),
  share = list(group = group, score = score),
  gains = list(set = gain_set, one = one, other = other),
  ranks = list(pre = pre, post = post),
  lee = list(first = lee_first, y = lee_y),
  ring = ring,
  tipping = list(cluster = tip_cluster, arm = tip_arm, lost = tip_lost, imputed = t(imputed))
), "input.json")
write_json_exactly(list(
  mean = robust(lm(liked ~ 1), set_of),
  net = robust(lm(points ~ 1), set_of),
  share = list(value = share, effective = effective, low = wilson[1], high = wilson[2]),
  wild = wild,
  variance_share = list(value = as_share(best$minimum), low = as_share(ends[1]), high = as_share(ends[2])),
  reciprocity = reciprocity,
  ranks = list(biserial = rank_biserial(post, pre, paired = TRUE)$r_rank_biserial,
               p = ranks$p.value, t = unname(paired$statistic), low = paired$conf.int[1],
               high = paired$conf.int[2], p_t = paired$p.value),
  lee = c(lee, list(around = manski(lee$low, lee$high, 0.3, 0.4, 17))),
  tipping = moved,
  ring = list(means = rated, variances = setNames(as.list(sizes$vcov), sizes$grp)),
  versions = list(R = R.version.string, clubSandwich = as.character(packageVersion("clubSandwich")),
                  effectsize = as.character(packageVersion("effectsize")),
                  lme4 = as.character(packageVersion("lme4")), mice = as.character(packageVersion("mice")),
                  survey = as.character(packageVersion("survey")))
), "output.json")
