/** Dates as people and spreadsheets write them. */
import { cellValue } from "../tables/cells.ts";
import type { RawRow } from "../tables/table.ts";

type Cell = RawRow["cells"][number];

interface WrittenDate {
  readonly year: number;
  /** Day and month as they stand; which is which where `known` is false is for the column to say. */
  readonly first: number;
  readonly second: number;
  readonly known: boolean;
}

export interface DateColumn {
  /** YYYYMMDD, or null where the cell is empty or cannot be read. */
  readonly days: readonly (string | null)[];
  /** Cells that hold something that is no date. */
  readonly unread: number;
  /** Whether no date of the column tells if the day or the month stands first. */
  readonly unclear: boolean;
}

const TIME = String.raw`(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?`;
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})${TIME}$`);
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})${TIME}$`);
const COMPACT = /^((?:19|20)\d{2})(\d{2})(\d{2})$/;
const MONTH_NAMED = /^(\d{1,2})[-\s]([a-z]{3})[a-z]*\.?[-\s](\d{4})$/i;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** A cell as a date; undefined where it is none. */
export function readDate(cell: Cell): WrittenDate | undefined {
  const text = String(cell ?? "").trim();
  const yearFirst = YEAR_FIRST.exec(text);
  if (yearFirst !== null) return ymd(yearFirst[1], yearFirst[3], yearFirst[4]);
  const compact = COMPACT.exec(text);
  if (compact !== null) return ymd(compact[1], compact[2], compact[3]);
  const named = MONTH_NAMED.exec(text);
  if (named !== null) {
    const month = MONTHS.indexOf(named[2].toLowerCase()) + 1;
    return month === 0 ? undefined : ymd(named[3], String(month), named[1]);
  }
  const last = YEAR_LAST.exec(text);
  if (last === null) return undefined;
  const [first, second, year] = [Number(last[1]), Number(last[3]), Number(last[4])];
  // With full stops the day comes first, wherever dates are written so.
  if (last[2] === ".") return isDay(year, second, first) ? { year, first, second, known: false } : undefined;
  return isDay(year, second, first) || isDay(year, first, second)
    ? { year, first, second, known: false }
    : undefined;
}

/**
 * Reads a column of dates: one of whose cells at least half are dates.
 *
 * @returns undefined where it is no such column.
 */
export function readDates(cells: readonly Cell[]): DateColumn | undefined {
  const present = cells.filter((cell) => cellValue(cell, "text") !== null);
  const read = cells.map(readDate);
  const found = read.filter((date) => date !== undefined);
  if (found.length === 0 || 2 * found.length < present.length) return undefined;
  const written = found.filter(({ known }) => !known);
  const dotted = cells.some((cell, i) => read[i]?.known === false && String(cell).includes("."));
  const dayFirst = dotted || written.some(({ first }) => first > 12);
  const monthFirst = written.some(({ second }) => second > 12);
  const unclear = written.length > 0 && dayFirst === monthFirst;
  const days = read.map((date) => {
    if (date === undefined || unclear) return null;
    const { year, first, second, known } = date;
    const [day, month] = known || monthFirst ? [second, first] : [first, second];
    return isDay(year, month, day) ? compactDay(year, month, day) : null;
  });
  return { days, unread: present.length - days.filter((day) => day !== null).length, unclear };
}

/** `first` is the month. */
function ymd(year: string, month: string, day: string): WrittenDate | undefined {
  const date = { year: Number(year), first: Number(month), second: Number(day), known: true };
  return isDay(date.year, date.first, date.second) ? date : undefined;
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function compactDay(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, "0")}${String(month).padStart(2, "0")}${String(day).padStart(2, "0")}`;
}
