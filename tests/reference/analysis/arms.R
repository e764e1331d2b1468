# R 4.2, clubSandwich, estimatr, jsonlite. Run in this folder: Rscript arms.R
# Reference for pre_post and compare_arms on arms.csv (drawn by make_input.py).
library(clubSandwich); library(estimatr); library(jsonlite)
d <- read.csv("arms.csv")
d$arm <- relevel(factor(d$arm), "comparison")
d$change <- d$after - d$before
cr2 <- function(fit, cluster, keep) {
  t <- coef_test(fit, vcov = "CR2", cluster = cluster, test = "Satterthwaite")
  out <- list()
  for (k in keep) out[[k]] <- c(t[k, "beta"], t[k, "SE"], t[k, "df_Satt"], t[k, "p_Satt"])
  out
}
arms <- c("armlong", "armshort")
r <- list()
r$ancova <- cr2(lm(after ~ arm + before + stratum, d), d$cluster, arms)
r$post_only <- cr2(lm(after ~ arm + stratum, d), d$cluster, arms)
r$change_score <- cr2(lm(change ~ arm + stratum, d), d$cluster, arms)
s <- summary(lm(after ~ arm + before + stratum, d))$coefficients
r$classical <- list(armlong = s["armlong", ], armshort = s["armshort", ])
# interactions with all centred covariates; clubSandwich for the errors
d$b <- d$before - mean(d$before); d$w <- (d$stratum == "west") - mean(d$stratum == "west")
r$lin <- cr2(lm(after ~ arm * (b + w), d), d$cluster, arms)
l <- lm_lin(after ~ arm, covariates = ~ before + stratum, data = d, clusters = cluster,
            se_type = "CR2")
r$lin_estimatr <- list(armlong = c(l$coefficients["armlong"], l$std.error["armlong"]),
                       armshort = c(l$coefficients["armshort"], l$std.error["armshort"]))
r$change <- lapply(split(d, d$arm), function(e) cr2(lm(change ~ 1, e), e$cluster, "(Intercept)")[[1]])
write(toJSON(r, digits = 15, auto_unbox = TRUE, pretty = TRUE), "arms.json")
