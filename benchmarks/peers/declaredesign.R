# DeclareDesign: a design that draws, fits by lmerTest and tests by Satterthwaite's df.
# Rscript declaredesign.R power FOLDER COUNT FORMULA TERM
suppressMessages({
  library(lmerTest)
  library(DeclareDesign)
})
source("benchmarks/peers/serve.R")

given <- commandArgs(trailingOnly = TRUE)
data <- read.csv(file.path(given[2], "rows.csv"))
count <- as.integer(given[3])
formula <- as.formula(paste(given[4], "+ (1 | pair / person)"))
term <- given[5]
stored <- file(file.path(given[2], "nested.bin"), "rb")
data$score <- readBin(stored, "double", nrow(data), size = 8, endian = "little")
close(stored)

quiet <- function(code) suppressWarnings(suppressMessages(code))
start <- quiet(lme4::lmer(formula, data))
told <- function(fit) {
  found <- coef(summary(fit))[term, ]
  data.frame(
    term = term, estimate = found[["Estimate"]], std.error = found[["Std. Error"]],
    df = found[["df"]], p.value = found[["Pr(>|t|)"]]
  )
}
design <- declare_model(data = data) +
  declare_measurement(score = simulate(start)[[1]]) +
  declare_inquiry(effect = fixef(start)[[term]]) +
  declare_estimator(
    formula,
    .method = lmerTest::lmer, .summary = told, term = term, inquiry = "effect"
  )
share <- function(replicates, seed) {
  set.seed(seed)
  mean(quiet(simulate_design(design, sims = replicates))[["p.value"]] < 0.05)
}
serve(list(effect = fixef(start)[[term]], power = share(200, 5)), function() {
  share(count, 6)
  count / 1000
})
