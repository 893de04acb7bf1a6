/**
 * What becomes of each column of a hospital's table when it is de-identified: kept, left out, or moved as dates are. Names of columns decide
 * first, then what stands in them; what is not plainly a measurement or a category is left out, and a user who knows better keeps it by name.
 */
import { cellValue } from "../tables/cells.ts";
import type { RawRow } from "../tables/table.ts";
import { readDate, readDates } from "./written-dates.ts";

type Cell = RawRow["cells"][number];

export type ColumnTreatment =
  | { readonly kind: "keep" }
  | { readonly kind: "leave-out"; readonly why: string }
  | { readonly kind: "dates"; readonly days: readonly (string | null)[]; readonly unread: number };

const words = (text: string) => new Set(text.trim().split(/\s+/));

/** Words that stand alone in the names of columns that identify; English, Dutch, German and French. */
const IDENTIFYING_WORDS = words(`
id ids identifier pid uid guid mrn ssn bsn nhs nhsno ahv accession
name names surname firstname lastname forename fullname initials maiden naam voornaam achternaam initialen vorname nachname nom prenom
birth birthday birthdate dob geboorte geboortedatum geburt geburtsdatum geburtstag naissance
address adres adresse street straat strasse straße city town residence woonplaats wohnort zip zipcode postcode postal plz
phone telephone telefoon telefon email mail fax insurance
physician doctor gp radiologist surgeon pathologist oncologist referrer arts huisarts arzt
comment comments remark remarks note notes opmerking opmerkingen bemerkung bemerkungen remarque remarques
patientnumber patientnummer patientnr patientid hospitalnumber hospitalnr fallnummer
`);
/** Numbers that are those of a person or a paper, rather than counts. */
const NUMBERED = words(
  "patient pat hospital record case file admission study subject pathology registration",
);
const NUMBER = words("number nummer nr no num code");
const EMAIL = /[^\s@]+@[^\s@]+\.[a-z]{2,}/i;
const UID = /\d+(?:\.\d+){4,}/;
const PHONE = /^\+?\(?\d[\d\s()/-]{7,}\d$/;
/** `Jansen, A.` and DICOM's `Jansen^Anna`; `White, Asian` is a category. */
const FULL_NAME = /^\p{Lu}[\p{L}' -]+(?:,\s*\p{Lu}\.|\^\p{Lu})/u;
const DATE_WITHIN = /(?<!\d)(?:19|20)\d{2}(?!\d)|(?<!\d)\d{1,2}[-./]\d{1,2}[-./]\d{2}(?!\d)/;
/** So many texts, more than half as many as there are cells, are no categories. */
const FEWEST_TEXTS = 5;
const LONG_TEXT = 40;
const LONG_WORDS = 4;
const SHORTEST_LONG_NUMBER = 100_000;
/** Dynamic breast MRI of patients whose images are digital began later; dates that are mostly older are of births. */
const LATEST_BIRTH_YEAR = 1985;

interface Content {
  /** Trimmed texts of the cells that hold something. */
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
}

/**
 * @param name of the column.
 * @param cells as the file holds them, in the order of the rows.
 * @param reveals whether the text of a row holds an identifying value of that row's patient.
 */
export function treatColumn(
  name: string,
  cells: readonly Cell[],
  reveals: (text: string, row: number) => boolean,
): ColumnTreatment {
  const leaveOut = (why: string): ColumnTreatment => ({ kind: "leave-out", why });
  const byName = identifyingName(name);
  if (byName !== undefined) return leaveOut(byName);
  if (cells.some((cell, row) => cell !== null && reveals(String(cell).trim(), row))) {
    return leaveOut("it holds what identifies patients in their DICOM files");
  }
  const dates = readDates(cells);
  if (dates !== undefined) {
    if (dates.unclear) return leaveOut("the order of day and month in its dates is unclear");
    const years = dates.days
      .flatMap((day) => (day === null ? [] : Number(day.slice(0, 4))))
      .sort((a, b) => a - b);
    if (years[years.length >> 1] < LATEST_BIRTH_YEAR)
      return leaveOut("its dates are as old as dates of birth");
    return { kind: "dates", days: dates.days, unread: dates.unread };
  }
  const why = identifyingContent(contentOf(cells));
  return why === undefined ? { kind: "keep" } : leaveOut(why);
}

function identifyingName(name: string): string | undefined {
  const parts = name
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((part) => part !== "");
  const whole = parts.join("");
  if (parts.some((part) => IDENTIFYING_WORDS.has(part)) || IDENTIFYING_WORDS.has(whole)) {
    return "its name says that it identifies";
  }
  const numbered = parts.some((part) => NUMBER.has(part)) && parts.some((part) => NUMBERED.has(part));
  return numbered ? "its name says that it holds numbers of persons or papers" : undefined;
}

function contentOf(cells: readonly Cell[]): Content {
  const present = cells.flatMap((cell) => (cellValue(cell, "text") === null ? [] : [String(cell).trim()]));
  const isNumber = (text: string) => /^[+-]?\d+(?:[.,]\d+)?$/.test(text);
  return {
    texts: present.filter((text) => !isNumber(text)),
    numbers: present.filter(isNumber).map((text) => Number(text.replace(",", "."))),
  };
}

function identifyingContent({ texts, numbers }: Content): string | undefined {
  if (texts.some((text) => EMAIL.test(text) || UID.test(text) || PHONE.test(text) || FULL_NAME.test(text))) {
    return "it holds names, addresses, telephone numbers or unique identifiers";
  }
  if (texts.some((text) => DATE_WITHIN.test(text) || readDate(text) !== undefined)) {
    return "dates stand among other text in it";
  }
  if (isFreeText(texts)) return "it holds free text";
  const whole = numbers.length > 0 && texts.length === 0 && numbers.every(Number.isInteger);
  if (whole && numbers.every((value) => value >= 1900 && value < 2100)) return "it holds years";
  const distinct = new Set(numbers).size;
  if (whole && distinct > numbers.length / 2 && numbers.every((value) => value >= SHORTEST_LONG_NUMBER)) {
    return "it holds long numbers that differ from patient to patient";
  }
  return undefined;
}

/** Texts of nearly as many kinds as cells, or long ones most of which are met once. */
function isFreeText(texts: readonly string[]): boolean {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  if (counts.size >= FEWEST_TEXTS && 2 * counts.size > texts.length) return true;
  const long = texts.filter((text) => text.length > LONG_TEXT || text.split(/\s+/).length >= LONG_WORDS);
  return 2 * long.filter((text) => counts.get(text) === 1).length > long.length;
}
