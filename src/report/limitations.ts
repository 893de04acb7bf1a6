/** What the figures cannot tell: only what is true of this run. */
import { endpointsOf, estimatesOf } from "./endpoints.ts";
import type { ComparisonBlock, ReportInput } from "./report-input.ts";

/** The limitations that follow from the input, then those that the study names itself. */
export function limitationsOf(input: ReportInput): string[] {
  const blocks = input.comparisons ?? [];
  return [
    ...(input.head.simulated === true
      ? ["The patients are simulated. The figures show that the method runs, not how it does on patients."]
      : []),
    ...(blocks.length > 0 && !blocks.some(({ set }) => set === "test")
      ? ["There is no external test set: nothing here shows how the models do elsewhere."]
      : []),
    ...blocks.flatMap(limitationsOfBlock),
    ...(blocks.some(hasSeveralTestedEndpoints)
      ? ["p values are adjusted over the comparisons of one endpoint, not over endpoints or sets."]
      : []),
    ...(input.limitations ?? []),
    "Research software: not a medical device, and not to be used for decisions on patients.",
  ];
}

/** Patients below which the interval of an AUC is wider than most differences between models. */
const FEW_PATIENTS = 200;

function limitationsOfBlock({ set, predictions, comparison }: ComparisonBlock): string[] {
  const name = set === "test" ? "external test set" : "training set";
  const unequal = endpointsOf(comparison).some((endpoint) =>
    estimatesOf(endpoint).some(({ n }) => n < endpoint.n),
  );
  return [
    ...(set === "test" && comparison.n < FEW_PATIENTS
      ? [
          `The ${name} has ${comparison.n} patients: intervals are wide, and a useful difference can go unseen.`,
        ]
      : []),
    ...(predictions === "in-sample"
      ? [`The figures of the ${name} that are marked as in-sample are too good.`]
      : []),
    ...(predictions === "out-of-fold"
      ? [
          `The out-of-fold figures of the ${name} judge the procedure, not one fixed model, and their tests leave out the variation from fitting.`,
        ]
      : []),
    ...(unequal
      ? [`In the ${name} some models lack predictions, so their figures rest on fewer patients than others.`]
      : []),
  ];
}

function hasSeveralTestedEndpoints({ comparison }: ComparisonBlock): boolean {
  return endpointsOf(comparison).filter(({ pairs }) => pairs.length > 0).length > 1;
}
