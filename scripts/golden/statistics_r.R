# Reference values of R and pROC (GPL, run only) for src/statistics.
# Debian 12: apt-get install r-cran-proc r-cran-jsonlite r-cran-psych
# Run from the project's root: Rscript scripts/golden/statistics_r.R
suppressMessages({library(pROC); library(jsonlite); library(psych)})
set.seed(20261124)

provenance <- list(
  tool = "R with pROC, psych",
  version = paste0(R.version$major, ".", R.version$minor, "; pROC ", packageVersion("pROC"),
                   "; psych ", packageVersion("psych")),
  script = "scripts/golden/statistics_r.R", seed = 20261124)

roc_case <- function(name, outcome, a, b) {
  ra <- roc(outcome, a, levels = c(0, 1), direction = "<", quiet = TRUE)
  rb <- roc(outcome, b, levels = c(0, 1), direction = "<", quiet = TRUE)
  paired <- roc.test(ra, rb, method = "delong", paired = TRUE)
  unpaired <- suppressWarnings(roc.test(ra, rb, method = "delong", paired = FALSE))
  ca <- suppressWarnings(ci.auc(ra, method = "delong"))
  points <- coords(ra, "all", ret = c("fpr", "tpr"), transpose = FALSE)
  list(name = name, outcome = outcome, a = a, b = b,
       aucA = as.numeric(auc(ra)), aucB = as.numeric(auc(rb)),
       varianceA = var(ra, method = "delong"), varianceB = var(rb, method = "delong"),
       covariance = cov(ra, rb, method = "delong"), ciA = as.numeric(ca)[c(1, 3)],
       # pROC tests a - b; Residua reports b - a.
       z = as.numeric(paired$statistic), p = as.numeric(paired$p.value),
       unpairedStatistic = as.numeric(unpaired$statistic),
       curveA = list(fpr = points$fpr, tpr = points$tpr))
}

make <- function(name, n, prevalence, effect, digits) {
  outcome <- as.integer(seq_len(n) <= round(n * prevalence))
  shared <- rnorm(n)
  a <- round(outcome * effect + shared + rnorm(n), digits)
  b <- round(outcome * effect * 0.6 + shared + rnorm(n), digits)
  order <- sample(n)
  roc_case(name, outcome[order], a[order], b[order])
}

roc_cases <- list(
  make("41 cases, no ties", 41, 0.3, 1.6, 6),
  make("105 cases, ties", 105, 0.3, 1.6, 0),
  make("60 cases, direction reversed", 60, 0.5, -0.8, 1),
  make("250 cases, rare class", 250, 0.06, 2.2, 1),
  roc_case("six cases by hand", c(0, 0, 0, 1, 1, 1), c(1, 2, 2, 2, 3, 3), c(3, 1, 2, 1, 3, 2)))

p_families <- list(c(0.01, 0.04, 0.03, 0.005), c(0.2, 0.2, 0.2), c(0.9, 0.04, 0.04, 0.5, 0.0001), c(0.03),
                   c(0, 1, 0.5), round(runif(25)^3, 4))
adjusted <- lapply(p_families, function(p)
  list(p = I(p), holm = I(p.adjust(p, "holm")), bh = I(p.adjust(p, "BH"))))

predicted <- round(runif(41, 0, 4), 3)
observed <- round(pmax(0, 0.4 + 0.7 * predicted + rnorm(41, sd = 0.8)), 3)
line <- lm(observed ~ predicted)
calibration <- list(predicted = predicted, observed = observed, coefficients = as.numeric(coef(line)),
                    interceptCi = as.numeric(confint(line)[1, ]), slopeCi = as.numeric(confint(line)[2, ]))

williams <- lapply(list(c(100, .20, .45, .80), c(41, .55, .48, .6), c(30, -.3, .1, .2)), function(v) {
  t <- r.test(n = v[1], r12 = v[2], r13 = v[3], r23 = v[4])
  list(n = v[1], first = v[2], second = v[3], between = v[4], t = t$t, p = t$p)
})

write_json(list(provenance = provenance, roc = roc_cases, adjusted = adjusted, calibration = calibration,
                williams = williams),
           "tests/golden/statistics/r.json", auto_unbox = TRUE, digits = NA)
