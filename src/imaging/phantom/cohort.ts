/** Simulated patients: images of both visits, the clinical table and the pathology. See docs/phantom.md. */
import type { ClinicalValue, StudySet } from "../../domain/cohort.ts";
import { deriveKey, type RandomKey, RandomStream } from "../../domain/random.ts";
import { type RcbComponents, rcbClassOfScore } from "../../domain/rcb.ts";
import { drawBiology, type PatientBiology } from "./biology.ts";
import { SUBTYPE_PARAMETERS } from "./parameters.ts";
import { drawScanner, type PhantomSize, type Protocol } from "./protocols.ts";
import { type SimulatedVisit, simulateVisit, type VisitOptions } from "./visit.ts";

export interface SimulatedPatient {
  /** `train-0001`, `test-0001` and so on. */
  readonly id: string;
  readonly set: StudySet;
  readonly centre: string;
  readonly vendor: Protocol["vendor"];
  readonly side: "left" | "right";
  /** One row of the clinical table; columns and units in docs/phantom.md. */
  readonly clinical: Readonly<Record<string, ClinicalValue>>;
  readonly components: RcbComponents;
  readonly rcbScore: number;
  /** Before and after chemotherapy. */
  readonly visits: readonly [SimulatedVisit, SimulatedVisit];
  /** What the values were drawn from. */
  readonly biology: PatientBiology;
}

/** Between phases and between visits. */
export type Movement = Pick<VisitOptions, "motion" | "repositioning">;

/** Which patient to simulate. */
export interface PatientPlace {
  readonly set: StudySet;
  /** From 0, within the set. */
  readonly index: number;
}

/**
 * Simulates one patient: about 0.6 s for `small` and 10 s for `full` on one core. The same key, place and size give the
 * same bits, whatever the size of the cohort and the order in which its patients are made.
 *
 * @param key the cohort's key.
 */
export function simulatePatient(
  key: RandomKey,
  { set, index }: PatientPlace,
  size: PhantomSize,
  movement: Movement = {},
): SimulatedPatient {
  const own = deriveKey(key, "patient", set, index);
  const biology = drawBiology(key, set, index);
  const logistics = new RandomStream(deriveKey(own, "logistics"));
  const { centre, protocol } = drawScanner(set, logistics);
  const side = logistics.bernoulli(0.5) ? "left" : "right";
  const id = `${set}-${String(index + 1).padStart(4, "0")}`;
  const visit = (which: "pre" | "post") =>
    simulateVisit(own, biology, which, { protocol, size, side, ...movement });
  const { vendor } = protocol;
  return {
    id,
    set,
    centre,
    vendor,
    side,
    clinical: clinicalRow(id, centre, vendor, biology),
    components: biology.components,
    rcbScore: biology.rcbScore,
    visits: [visit("pre"), visit("post")],
    biology,
  };
}

export interface CohortOptions {
  /** Number of patients in each set. */
  readonly train: number;
  readonly test: number;
  readonly size: PhantomSize;
}

/** Simulates a cohort one patient at a time, training set first, so that memory holds one patient. */
export function* simulateCohort(
  key: RandomKey,
  { train, test, size }: CohortOptions,
): Generator<SimulatedPatient, void, undefined> {
  for (let index = 0; index < train; index++) yield simulatePatient(key, { set: "train", index }, size);
  for (let index = 0; index < test; index++) yield simulatePatient(key, { set: "test", index }, size);
}

function clinicalRow(
  id: string,
  centre: string,
  vendor: string,
  biology: PatientBiology,
): Record<string, ClinicalValue> {
  const { components, rcbScore } = biology;
  const { hr, her2 } = SUBTYPE_PARAMETERS[biology.subtype];
  const rcbClass = rcbClassOfScore(rcbScore);
  return {
    patient_id: id,
    set: biology.set,
    centre,
    vendor,
    age: biology.ageYears,
    subtype: biology.subtype,
    hr,
    her2,
    grade: biology.grade,
    nodal_status: biology.nodalStatus,
    radiological_response: biology.radiologicalResponse,
    d1_mm: components.d1Mm,
    d2_mm: components.d2Mm,
    cellularity_percent: components.cellularityPercent,
    cis_percent: components.cisPercent,
    positive_nodes: components.positiveNodes,
    metastasis_mm: components.metastasisMm,
    rcb_score: rcbScore,
    rcb_class: rcbClass,
    pcr: rcbClass === "0" ? 1 : 0,
  };
}
