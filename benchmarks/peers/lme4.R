# lme4: refits, lmerTest's power loop, a million rows. Rscript lme4.R TASK FOLDER ...
# ... is MODEL COUNT of "fit", COUNT FORMULA TERM of "power".
# Refits go through lme4's modular functions: refit() of lme4 1.1-31 takes 1 for the number of
# coefficients in the REML criterion (mkRespMod(REML = isREML(object))), which is another fit.
suppressMessages(library(lme4))

given <- commandArgs(trailingOnly = TRUE)
task <- given[1]
folder <- given[2]
random <- c(intercept = "(1 | pair)", nested = "(1 | pair/person)", slope = "(time | pair)")

source("benchmarks/peers/serve.R")

found <- function(fit) {
  c(REMLcrit(fit), fixef(fit)[["arm"]], sqrt(vcov(fit)["arm", "arm"]))
}

quiet <- function(code) suppressWarnings(suppressMessages(code))

if (task == "million") {
  data <- read.csv(file.path(folder, "million.csv"))
  fit <- function() quiet(lmer(score ~ wave * arm + (1 | pair / person), data))
  first <- found(fit())
  serve(list(criterion = first[1], estimate = first[2], se = first[3]), function() {
    fit()
    1
  })
  quit()
}

model <- if (task == "power") "nested" else given[3]
count <- as.integer(given[if (task == "power") 3 else 4])
data <- read.csv(file.path(folder, "rows.csv"))
size <- nrow(data)
stored <- file(file.path(folder, paste0(model, ".bin")), "rb")
y <- matrix(readBin(stored, "double", 2000 * size, size = 8, endian = "little"), nrow = size)
close(stored)
data$score <- y[, 1]
fixed <- if (task == "power") given[4] else "score ~ wave + arm + role"
formula <- as.formula(paste(fixed, "+", random[[model]]))

if (task == "fit") {
  parts <- lFormula(formula, data)
  again <- function(one) {
    parts$fr$score <- one
    criterion <- do.call(mkLmerDevfun, parts)
    optimum <- optimizeLmer(criterion)
    mkMerMod(environment(criterion), optimum, parts$reTrms, fr = parts$fr)
  }
  first <- vapply(1:20, function(i) found(quiet(again(y[, i]))), numeric(3))
  at <- 0
  serve(list(criterion = first[1, ], estimate = first[2, ], se = first[3, ]), function() {
    for (i in seq_len(count)) {
      at <<- at %% 2000 + 1
      quiet(again(y[, at]))
    }
    count
  })
} else {
  suppressMessages(library(lmerTest))
  start <- quiet(lme4::lmer(formula, data))
  term <- given[5]
  tested <- as.numeric(names(fixef(start)) == term)
  share <- function(replicates, seed) {
    p <- vapply(simulate(start, replicates, seed = seed), function(one) {
      data$score <- one
      quiet(contest(lmerTest::lmer(formula, data), tested, joint = FALSE))[["Pr(>|t|)"]]
    }, 0)
    mean(p < 0.05)
  }
  serve(list(effect = fixef(start)[[term]], power = share(200, 5)), function() {
    share(count, 6)
    count / 1000
  })
}
