# Reference values of R, pROC and mice (GPL, run only) for src/statistics: partial areas, logistic calibration, pooled imputations.
# Debian 12: apt-get install r-cran-proc r-cran-jsonlite r-cran-mice
# Run from the project's root: Rscript scripts/golden/statistics_models.R
suppressMessages({library(pROC); library(jsonlite); library(mice)})
set.seed(20261124)

provenance <- list(
  tool = "R with pROC, mice",
  version = paste0(R.version$major, ".", R.version$minor, "; pROC ", packageVersion("pROC"),
                   "; mice ", packageVersion("mice")),
  script = "scripts/golden/statistics_models.R", seed = 20261124)

partial <- lapply(list(c(41, 6), c(105, 1), c(60, 0)), function(v) {
  outcome <- as.numeric(runif(v[1]) < 0.35)
  scores <- round(rnorm(v[1]) + outcome, v[2])
  curve <- roc(outcome, scores, levels = c(0, 1), direction = "<", quiet = TRUE)
  area <- function(axis, correct)
    as.numeric(auc(curve, partial.auc = c(1, 0.8), partial.auc.focus = axis, partial.auc.correct = correct))
  list(outcome = outcome, scores = scores,
       specificity = c(area("specificity", FALSE), area("specificity", TRUE)),
       sensitivity = c(area("sensitivity", FALSE), area("sensitivity", TRUE)))
})

probabilities <- round(plogis(rnorm(105)), 4)
outcome <- as.numeric(runif(105) < plogis(0.3 + 0.7 * qlogis(probabilities)))
logits <- qlogis(probabilities)
tight <- glm.control(epsilon = 1e-15, maxit = 100)
large <- glm(outcome ~ offset(logits), family = binomial, control = tight)
slope <- glm(outcome ~ logits, family = binomial, control = tight)
other <- round(rnorm(105), 3)
both <- glm(outcome ~ logits + other, family = binomial, control = tight)
wald <- function(fit, i) as.numeric(confint.default(fit)[i, ])
calibration <- list(probabilities = probabilities, outcome = outcome, other = other,
                    intercept = as.numeric(coef(large)), interceptCi = wald(large, 1),
                    slope = as.numeric(coef(slope)[2]), slopeCi = wald(slope, 2),
                    coefficients = as.numeric(coef(both)), covariance = unname(vcov(both)))

pooled <- lapply(list(c(5, 38), c(20, 103)), function(v) {
  estimates <- round(rnorm(v[1], 0.7, 0.03), 6)
  variances <- round(runif(v[1], 0.001, 0.003), 6)
  p <- pool.scalar(estimates, variances, n = v[2] + 1, k = 1)
  reach <- qt(0.975, p$df) * sqrt(p$t)
  list(estimates = estimates, variances = variances, completeDegrees = v[2], estimate = p$qbar,
       standardError = sqrt(p$t), ci = c(p$qbar - reach, p$qbar + reach),
       missingInformation = p$r / (1 + p$r))
})

write_json(list(provenance = provenance, partial = partial, calibration = calibration, pooled = pooled),
           "tests/golden/statistics/r-models.json", auto_unbox = TRUE, digits = NA)
