import { stripVTControlCharacters } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { consoleProgress, formatSeconds, printIssues, printJson } from "./console.ts";

function captured(stream: NodeJS.WriteStream): () => string {
  let text = "";
  vi.spyOn(stream, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  return () => stripVTControlCharacters(text);
}

describe("the console", () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it.each([
    [0, "0.0 s"],
    [8.14, "8.1 s"],
    [59.96, "1 min 00 s"],
    [125, "2 min 05 s"],
    [3599.7, "1 h 00 min"],
    [3725, "1 h 02 min"],
  ])("writes %d seconds as %s", (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it("lists issues with code, subject and message, and counts what is more than a few of one code", () => {
    const err = captured(process.stderr);
    const issue = (subject: string) =>
      ({ code: "visit-missing", severity: "warning", subject, message: "M." }) as const;
    printIssues(["P1", "P2", "P3", "P4"].map(issue), 2);
    expect(err()).toBe("warning visit-missing P1 M.\nwarning visit-missing P2 M.\nvisit-missing: 2 more\n");
  });

  it("writes JSON to standard output, progress to standard error", () => {
    const [out, err] = [captured(process.stdout), captured(process.stderr)];
    const progress = consoleProgress();
    const task = progress.begin("train", 2);
    task.advance();
    task.done("2 models");
    progress.note("plan compact");
    printJson({ a: [1] });
    expect(JSON.parse(out())).toEqual({ a: [1] });
    expect(err()).toMatch(/train.*50%/);
    expect(err()).toMatch(/✓ train +2 models +0\.0 s\n {2}plan compact\n$/);
  });

  it("tells the time left by the share that is done, in a log no more often than every 15 seconds", () => {
    vi.useFakeTimers();
    const err = captured(process.stderr);
    const task = consoleProgress().begin("train", 100);
    for (let i = 0; i < 50; i++) {
      vi.advanceTimersByTime(1000);
      task.advance(1, `step ${i}`);
    }
    const lines = err().trim().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[3]).toMatch(/46% +54\.0 s left +step 45/);
  });
});
