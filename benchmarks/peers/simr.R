# simr's power by simulation with Satterthwaite's test.
# Rscript simr.R power FOLDER COUNT FORMULA TERM
suppressMessages({
  library(lme4)
  library(simr)
})
source("benchmarks/peers/serve.R")

given <- commandArgs(trailingOnly = TRUE)
data <- read.csv(file.path(given[2], "rows.csv"))
count <- as.integer(given[3])
stored <- file(file.path(given[2], "nested.bin"), "rb")
data$score <- readBin(stored, "double", nrow(data), size = 8, endian = "little")
close(stored)
term <- given[5]
start <- lmer(as.formula(paste(given[4], "+ (1 | pair / person)")), data)
share <- function(replicates, seed) {
  found <- powerSim(start, fixed(term, "sa"), nsim = replicates, seed = seed, progress = FALSE)
  summary(found)[["mean"]]
}
serve(list(effect = fixef(start)[[term]], power = share(200, 5)), function() {
  share(count, 6)
  count / 1000
})
