/** Standard output for results, standard error for progress and notes. */
import pc from "picocolors";
import type { Issue, Severity } from "../domain/issues.ts";
import type { Progress, ProgressTask } from "../study/progress.ts";

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The one JSON document of `--json`. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}

const SEVERITY_COLOURS: Readonly<Record<Severity, (text: string) => string>> = {
  error: pc.red,
  warning: pc.yellow,
  info: pc.blue,
};

/** Issues to standard error; more than `most` of one code are counted instead of listed. */
export function printIssues(issues: readonly Issue[], most = 5): void {
  const seen = new Map<string, number>();
  for (const issue of issues) {
    const count = (seen.get(issue.code) ?? 0) + 1;
    seen.set(issue.code, count);
    if (count > most) continue;
    const where = [issue.subject, issue.file].filter((part) => part !== undefined).join(" ");
    printNote(
      `${SEVERITY_COLOURS[issue.severity](issue.severity)} ${pc.dim(issue.code)} ${where} ${issue.message}`,
    );
  }
  for (const [code, count] of seen) if (count > most) printNote(pc.dim(`${code}: ${count - most} more`));
}

/** Milliseconds between redraws on a terminal, and between lines where standard error is a file. */
const REDRAW_MS = { terminal: 100, file: 15_000 } as const;

/** Bars with the time left, on standard error: redrawn on a terminal, a line now and then in a log. */
export function consoleProgress(): Progress {
  const terminal = process.stderr.isTTY === true;
  return {
    note(message) {
      printNote(`  ${pc.dim(message)}`);
    },
    begin(name, total, before = 0) {
      return terminal
        ? openTask(name, { total, before }, drawOver, REDRAW_MS.terminal)
        : openTask(name, { total, before }, drawLine, REDRAW_MS.file);
    },
  };
}

function openTask(
  name: string,
  { total, before }: { readonly total: number; readonly before: number },
  draw: (text: string, last: boolean) => void,
  everyMs: number,
): ProgressTask {
  const start = performance.now();
  let done = before;
  let lastDraw = -Infinity;
  let detail = "";
  return {
    advance(count = 1, text) {
      done += count;
      if (text !== undefined) detail = text;
      const now = performance.now();
      if (now - lastDraw < everyMs) return;
      lastDraw = now;
      draw(describeProgress(name, { done, total, before }, (now - start) / 1000, detail), false);
    },
    done(summary) {
      const seconds = (performance.now() - start) / 1000;
      const text = [summary ?? detail, pc.dim(formatSeconds(seconds))]
        .filter((part) => part !== "")
        .join("  ");
      draw(`${pc.green("✓")} ${name.padEnd(NAME_WIDTH)} ${text}`, true);
    },
  };
}

const NAME_WIDTH = 30;
const BAR_WIDTH = 24;

function describeProgress(
  name: string,
  { done, total, before }: { readonly done: number; readonly total: number; readonly before: number },
  seconds: number,
  detail: string,
): string {
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const filled = Math.round(share * BAR_WIDTH);
  const bar = pc.cyan("━".repeat(filled)) + pc.dim("━".repeat(BAR_WIDTH - filled));
  const left =
    done > before && share < 1 ? `${formatSeconds((seconds / (done - before)) * (total - done))} left` : "";
  return `  ${name.padEnd(NAME_WIDTH)} ${bar} ${`${Math.round(share * 100)}%`.padStart(4)}  ${left}  ${pc.dim(detail)}`;
}

/** `8.1 s`, `2 min 05 s`, `1 h 02 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

function drawOver(text: string, last: boolean): void {
  process.stderr.write(`\r\u001b[2K${text}${last ? "\n" : ""}`);
}

function drawLine(text: string): void {
  process.stderr.write(`${text}\n`);
}
