# R 4.2, lme4, lmerTest, pbkrtest, clubSandwich, jsonlite. Run in this folder: Rscript waves.R
# The constrained longitudinal model on drawn.csv (drawn by make_input.py) and on the raw files of
# the example pilot, read here without any of the package's code. Writes waves.json.
suppressPackageStartupMessages({
  library(lme4); library(lmerTest); library(pbkrtest); library(clubSandwich); library(jsonlite)
})

# lme4 stops at about 1e-6 in theta; searched on from there, its answers hold to 1e-8 and better
tight <- function(formula, d) {
  parts <- lFormula(formula, d, REML = TRUE)
  dev <- do.call(mkLmerDevfun, parts)
  start <- optimizeLmer(dev, optimizer = "bobyqa",
                        control = list(rhobeg = 0.1, rhoend = 1e-10, maxfun = 1e5))
  found <- nlminb(start$par, dev, lower = parts$reTrms$lower,
                  control = list(rel.tol = 1e-15, x.tol = 1e-12, iter.max = 1e4, eval.max = 1e5))
  best <- if (found$objective < start$fval) found$par else start$par
  opt <- list(par = best, fval = dev(best), conv = 0, message = "")
  call <- as.call(list(as.name("lmer"), formula = formula, data = d))
  as_lmerModLmerTest(mkMerMod(environment(dev), opt, parts$reTrms, fr = parts$fr, mc = call))
}

# arms differ from the comparison at follow-ups only; covariates have an effect at each wave
waves <- function(d, random, covariates = character(), cluster = "set") {
  times <- sort(unique(d$months)); arms <- setdiff(sort(unique(d$arm)), "comparison")
  d$wave <- factor(d$months)
  terms <- "0 + wave"; asked <- character()
  for (t in times[-1]) for (a in arms) {
    name <- paste0(a, "_at_", t)
    d[[name]] <- as.numeric(d$arm == a & d$months == t)
    terms <- c(terms, name); asked <- c(asked, name)
  }
  for (one in covariates) terms <- c(terms, paste0("wave:", one))
  fit <- tight(as.formula(paste("value ~", paste(terms, collapse = " + "), "+", random)), d)
  names <- names(fixef(fit))
  robust <- coef_test(fit, vcov = "CR2", cluster = d[[cluster]], test = "Satterthwaite")
  out <- list(criterion = -2 * as.numeric(logLik(fit)), n = nobs(fit), people = length(unique(d$person)))
  variances <- as.data.frame(VarCorr(fit))
  out$variances <- lapply(seq_len(nrow(variances)), function(i) list(
    group = variances$grp[i], first = variances$var1[i], second = variances$var2[i],
    value = variances$vcov[i]))
  for (name in asked) {
    L <- as.numeric(names == name)
    kr <- contest(fit, L, ddf = "Kenward-Roger", joint = FALSE)
    model <- contest(fit, L, ddf = "Satterthwaite", joint = FALSE)
    k <- which(names == name)
    out$contrasts[[name]] <- list(
      estimate = robust$beta[k], se = robust$SE[k], df = robust$df_Satt[k], p = robust$p_Satt[k],
      kr_se = kr[["Std. Error"]], kr_df = kr$df, model_se = model[["Std. Error"]],
      model_df = model$df)
  }
  out
}

drawn <- read.csv("drawn.csv", stringsAsFactors = FALSE)
alone <- subset(drawn, study == "alone"); sets <- subset(drawn, study == "sets")
alone$west <- as.numeric(alone$stratum == "west")
result <- list(
  alone = waves(alone, "(1 + months | person)", "west"),
  alone_no_slope = waves(alone, "(1 | person)", "west"),
  sets = waves(sets, "(1 | person) + (1 + months | set)", "age"),
  sets_no_slope = waves(sets, "(1 | person) + (1 | set)", "age")
)

# -- how scores vary: a mean for each arm at each wave, with and without courses -------------------
mixed <- function(d, flat, sloped) {
  d$cell <- factor(paste(d$arm, d$months))
  plain <- tight(as.formula(paste("value ~ 0 + cell +", flat)), d)
  fit <- tight(as.formula(paste("value ~ 0 + cell +", sloped)), d)
  robust <- coef_test(fit, vcov = "CR2", cluster = d$set, test = "Satterthwaite")
  names <- names(fixef(fit))
  out <- list(means = list())
  for (k in seq_along(names)) {
    kr <- contest(fit, as.numeric(names == names[k]), ddf = "Kenward-Roger", joint = FALSE)
    out$means[[sub("^cell", "", names[k])]] <- list(
      estimate = robust$beta[k], se = robust$SE[k], df = robust$df_Satt[k],
      kr_se = kr[["Std. Error"]], kr_df = kr$df)
  }
  variances <- as.data.frame(VarCorr(plain))
  out$variances <- as.list(setNames(variances$vcov, variances$grp))
  sloped <- as.data.frame(VarCorr(fit))
  out$slope_sd <- sloped$sdcor[sloped$var1 %in% "months" & is.na(sloped$var2)]
  # both by restricted likelihood: the fixed part is the same
  gain <- 2 * as.numeric(logLik(fit) - logLik(plain))
  out$slope_test <- gain
  out$slope_p <- 0.5 * pchisq(gain, 1, lower.tail = FALSE) + 0.5 * pchisq(gain, 2, lower.tail = FALSE)
  out
}
result$mixed <- list(
  alone = mixed(alone, "(1 | person)", "(1 + months | person)"),
  sets = mixed(sets, "(1 | person) + (1 | set)", "(1 | person) + (1 + months | set)")
)

# -- the example pilot, from its raw files --------------------------------------------------------
raw <- "../../../data/synthetic/pilot/data"
csv <- function(name, ...) read.csv(file.path(raw, name), colClasses = "character",
                                    check.names = FALSE, ...)
roster <- csv("roster.csv", sep = ";", fileEncoding = "cp1252")
roster$id <- trimws(roster[["Employee ID"]])
roster <- roster[roster$Consent == "yes", ]
words <- c("Strongly disagree" = 1, "Disagree" = 2, "Neither agree nor disagree" = 3, "Agree" = 4,
           "Strongly agree" = 5)
points <- function(x) {
  x <- trimws(x)
  x[x %in% c("", "-99", "No answer")] <- NA
  ifelse(x %in% names(words), words[x], suppressWarnings(as.numeric(x)))
}
answers <- list()
for (one in list(c("survey_kickoff.csv", 0), c("survey_december.csv", 3), c("survey_march.csv", 6))) {
  d <- csv(one[1])
  names(d)[names(d) == "ID"] <- "Employee ID"
  names(d)[names(d) == "D3 (help text shortened)"] <- "D3"
  d$id <- trimws(d[["Employee ID"]]); d$months <- as.numeric(one[2])
  answers[[one[1]]] <- d
}
scored <- function(items, reversed) do.call(rbind, lapply(answers, function(d) {
  x <- sapply(items, function(i) points(d[[i]]))
  x[, items %in% reversed] <- 6 - x[, items %in% reversed]
  enough <- rowSums(!is.na(x)) >= length(items) / 2
  data.frame(id = d$id, months = d$months, value = rowMeans(x, na.rm = TRUE))[enough, ]
}))
rated <- function() {
  d <- csv("ratings.csv")
  d$months <- c("Kick-off" = 0, "December" = 3, "March" = 6)[trimws(d$Round)]
  d$id <- trimws(d$About); d$value <- points(d$Answer)
  d <- d[!is.na(d$value), ]
  n <- aggregate(value ~ id + months, d, length); m <- aggregate(value ~ id + months, d, mean)
  m[n$value >= 2, ]
}
pilot <- function(scores) {
  d <- merge(scores, roster[, c("id", "Group", "Site")], by = "id")
  d$arm <- ifelse(d$Group == "Starts now", "programme", "comparison")
  d$person <- d$id; d$site <- as.numeric(d$Site == sort(unique(roster$Site))[1])
  d <- d[order(d$person, d$months), ]
  # pairs are one to one, and each role is analysed by itself: a person is a cluster
  waves(d, "(1 + months | person)", "site", cluster = "person")
}
result$pilot <- list(
  digital_skill = pilot(scored(paste0("D", 1:6), "D4")),
  inclusion_awareness = pilot(scored(paste0("A", 1:5), "A3")),
  leadership_confidence = pilot(scored(paste0("L", 1:5), "L2")),
  visibility = pilot(scored(paste0("V", 1:4), character())),
  digital_use = pilot(rated())
)
writeLines(toJSON(result, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), "waves.json")
