# Reliability and effect sizes: Rscript measures.R (in this folder); writes measures.json.
suppressPackageStartupMessages({
  library(psych); library(effectsize); library(jsonlite)
})

items <- as.matrix(read.csv("items.csv"))
a <- psych::alpha(items, check.keys = FALSE)
f <- factanal(items, 1, control = list(opt = list(maxit = 5000, factr = 10), nstart = 5))
sds <- apply(items, 2, sd)
loading <- abs(unclass(f$loadings)[, 1]) * sds
error <- f$uniquenesses * sds^2
# psych::omega needs a package for rotations that one factor does not; its loadings are psych::fa's.
second <- abs(psych::fa(items, nfactors = 1, fm = "ml")$loadings[, 1])
standard <- abs(unclass(f$loadings)[, 1])

changes <- read.csv("changes.csv")
groups <- split(changes$after, changes$programme)
d <- cohens_d(groups$`1`, groups$`0`, pooled_sd = TRUE)
dz <- cohens_d(changes$after, changes$before, paired = TRUE)

result <- list(
  alpha = list(value = a$total$raw_alpha, feldt = unname(unlist(c(a$feldt$lower.ci, a$feldt$upper.ci)))),
  omega = list(
    value = sum(loading)^2 / (sum(loading)^2 + sum(error)),
    loadings = unname(loading), errors = unname(error),
    standardised = sum(standard)^2 / (sum(standard)^2 + sum(f$uniquenesses)),
    psych_loadings = unname(second)
  ),
  effectsize = list(d = d$Cohens_d, d_z = dz$Cohens_d),
  p_adjust = p.adjust(c(0.012, 0.2, 0.004, 0.04, 0.012, 0.9), "holm"),
  wilson = unname(prop.test(7, 31, correct = FALSE)$conf.int),
  versions = as.list(c(R = R.version.string, sapply(
    c("psych", "effectsize"), function(p) as.character(packageVersion(p))
  )))
)
writeLines(toJSON(result, digits = NA, auto_unbox = TRUE, pretty = TRUE), "measures.json")
