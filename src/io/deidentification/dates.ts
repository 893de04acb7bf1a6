/** Dates of DICOM (PS3.5, 6.2: DA, DT), moved by whole days so that intervals and times of day stay (PS3.15, E.3.6). */

const MS_PER_DAY = 86_400_000;

/**
 * A DA or DT value, or several with the separator, moved by days. What is no date (empty, malformed, a range) becomes empty, since
 * it cannot be moved.
 */
export function shiftDates(value: string, days: number): string {
  return value
    .split("\\")
    .map((text) => shiftDate(text.trim(), days))
    .join("\\");
}

/** A DA value moved by days, as YYYY-MM-DD; undefined where it is no day. */
export function shiftedDay(value: string, days: number): string | undefined {
  const moved = shiftDates(value, days);
  return moved.length === 8 ? `${moved.slice(0, 4)}-${moved.slice(4, 6)}-${moved.slice(6)}` : undefined;
}

function shiftDate(text: string, days: number): string {
  // ACR-NEMA 2.0 wrote dates with dots.
  const parts = /^(\d{4})\.?(\d{2})\.?(\d{2})(.*)$/.exec(text);
  if (parts === null) return "";
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const moved = new Date(Date.UTC(year, month - 1, day) + days * MS_PER_DAY);
  const isDate = new Date(Date.UTC(year, month - 1, day)).getUTCMonth() === month - 1;
  if (!isDate || !/^[\d.+-]*$/.test(parts[4]) || Number.isNaN(moved.getTime())) return "";
  return `${moved.toISOString().slice(0, 10).replaceAll("-", "")}${parts[4]}`;
}
