/** DICOM dates and times (PS3.5, 6.2: DA, TM, DT) → seconds. */

/** Seconds since the epoch of a date and a time, UTC; the zone cancels out in differences. Undefined where unreadable. */
export function secondsOf(date: string | undefined, time: string | undefined): number | undefined {
  const clock = clockSeconds(time);
  if (clock === undefined) return undefined;
  // ACR-NEMA 2.0 wrote dates with dots.
  const parts = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(date ?? "");
  const day = parts === null ? 0 : Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])) / 1000;
  return day + clock;
}

/** Seconds since the epoch of a DT value; its offset from UTC, the same throughout a series, is left out. */
export function secondsOfDateTime(value: string | undefined): number | undefined {
  const parts = /^(\d{8})(\d{2,6}(?:\.\d+)?)/.exec(value ?? "");
  return parts === null ? undefined : secondsOf(parts[1], parts[2]);
}

/** Seconds since midnight of HH, HHMM, HHMMSS or HHMMSS.FFFFFF. */
function clockSeconds(time: string | undefined): number | undefined {
  const parts = /^(\d{2}):?(\d{2})?:?(\d{2}(?:\.\d+)?)?$/.exec(time ?? "");
  if (parts === null) return undefined;
  const [hours, minutes, seconds] = [Number(parts[1]), Number(parts[2] ?? 0), Number(parts[3] ?? 0)];
  return hours < 24 && minutes < 60 && seconds < 61 ? hours * 3600 + minutes * 60 + seconds : undefined;
}
