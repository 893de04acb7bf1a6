/** How the examinations of a patient in an archive are called: by the user's table, else by their dates. */
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { NO_VISITS, type VisitTable } from "./visit-table.ts";

export interface DatedStudy {
  readonly uid: string;
  /** YYYYMMDD. */
  readonly day: string | undefined;
  /** `maybe` where images that cannot be used may be the dynamic series. */
  readonly dynamic: "yes" | "no" | "maybe";
}

/** What becomes of a study. */
export type StudyPlace =
  | { readonly kind: "visit"; readonly visit: string }
  | { readonly kind: "left-out"; readonly issue: Issue }
  | { readonly kind: "refused"; readonly error: DataError };

export interface NamedStudies {
  /** In the order of the studies. */
  readonly places: readonly StudyPlace[];
  readonly issues: readonly Issue[];
}

/** Chemotherapy before surgery takes months; examinations closer than this may be of one time. */
const LEAST_DAYS_BETWEEN = 21; // assumption
const SECONDS_PER_DAY = 86_400;

/**
 * Names studies in the order of their days. Without a table those with a dynamic series are `pre` and `post`, or `pre`, `t1`, … , `post`;
 * several of one day keep one place in that order and are refused, since nothing tells which counts.
 *
 * @param patientId PatientID of the files. @param studies of that patient, in any order.
 */
export function nameVisits(
  patientId: string,
  studies: readonly DatedStudy[],
  table: VisitTable = NO_VISITS,
): NamedStudies {
  const told = studies.map(({ uid, day }) => table.visitOf({ patientId, uid, day }));
  return table.names(patientId) || told.some((visit) => visit !== undefined)
    ? byTable(studies, told)
    : byDate(studies);
}

function byTable(studies: readonly DatedStudy[], told: readonly (string | null | undefined)[]): NamedStudies {
  const places = studies.map(({ dynamic }, i): StudyPlace => {
    const visit = told[i];
    if (visit === null)
      return leftOut("archive-visit-unlisted", "info", "The table of visits leaves out a study.");
    if (visit === undefined) {
      return dynamic === "no"
        ? notDynamic()
        : leftOut(
            "archive-visit-unlisted",
            "warning",
            "The table of visits names others of the patient but not this study. Add a row for it, with an empty visit if it is to be left out.",
          );
    }
    if (told.filter((other) => other === visit).length === 1) return { kind: "visit", visit };
    return refused("archive-visit-twice", {
      found: `several studies that the table calls ${visit}`,
      expected: "one study per visit",
      remedy: "Name them by study_uid, and leave the visit of those empty that do not count.",
    });
  });
  return { places, issues: [] };
}

function byDate(studies: readonly DatedStudy[]): NamedStudies {
  const counting = studies.filter(({ dynamic }) => dynamic !== "no");
  const undated = counting.length > 1 && counting.some(({ day }) => day === undefined);
  const days = [...new Set(counting.map(({ day }) => day ?? ""))].sort();
  const names = visitNames(days.length);
  const places = studies.map(({ dynamic, day }): StudyPlace => {
    if (dynamic === "no") return notDynamic();
    if (undated) {
      return refused("archive-date-unknown", {
        found: "several examinations of a patient, not all of which have a date",
        expected: "dates by which they can be put in order",
        remedy: "Name them in a table, with --visits.",
      });
    }
    const sameDay = counting.filter((other) => other.day === day);
    const whole = sameDay.filter((other) => other.dynamic === "yes");
    if (whole.length === 1 && dynamic === "maybe") {
      return leftOut(
        "archive-same-day",
        "warning",
        "A study that cannot be used was left out for another of its day that can.",
      );
    }
    if (sameDay.length > 1 && whole.length !== 1) {
      return refused("archive-same-day", {
        found: `several examinations of one day, which would be ${names[days.indexOf(day ?? "")]}`,
        expected: "one study per visit",
        remedy: "Name the one that counts by its study_uid in a table, with --visits.",
      });
    }
    return { kind: "visit", visit: names[days.indexOf(day ?? "")] };
  });
  return { places, issues: undated || days.length === 0 ? [] : [namesIssue(names, days)] };
}

/** The first is before chemotherapy, the last after it. */
function visitNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => (i === 0 ? "pre" : i === count - 1 ? "post" : `t${i}`));
}

function namesIssue(names: readonly string[], days: readonly string[]): Issue {
  if (names.length === 1) {
    return {
      code: "archive-visit-single",
      severity: "warning",
      message:
        "The only examination of the patient was called pre; nothing tells whether it was before chemotherapy. Name it in a table, with --visits, if it was not.",
    };
  }
  const numbers = days.map((day) => Date.UTC(+day.slice(0, 4), +day.slice(4, 6) - 1, +day.slice(6)) / 1000);
  const between = numbers.slice(1).map((time, i) => Math.round((time - numbers[i]) / SECONDS_PER_DAY));
  const close = Math.min(...between) < LEAST_DAYS_BETWEEN;
  return {
    code: "archive-visits-by-date",
    severity: close ? "warning" : "info",
    message: `Examinations were called ${names.join(", ")} in the order of their dates, ${between.join(" and ")} days apart.${close ? " So close together one may repeat another." : ""} Give a table with --visits if they are others.`,
  };
}

function notDynamic(): StudyPlace {
  return leftOut(
    "archive-study-not-dynamic",
    "info",
    "A study without a dynamic series was left out; it is no visit.",
  );
}

function leftOut(code: string, severity: Issue["severity"], message: string): StudyPlace {
  return { kind: "left-out", issue: { code, severity, message } };
}

function refused(code: string, details: ConstructorParameters<typeof DataError>[1]): StudyPlace {
  return { kind: "refused", error: new DataError(code, details) };
}
