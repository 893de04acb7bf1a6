/** Runs the command line in this process and keeps what it writes. */
import { stripVTControlCharacters } from "node:util";
import { vi } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";

export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function residua(...args: readonly string[]): Promise<Finished> {
  const written = { out: "", err: "" };
  const keep = (name: keyof typeof written) => (chunk: string | Uint8Array) => {
    written[name] += String(chunk);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(keep("out")),
    vi.spyOn(process.stderr, "write").mockImplementation(keep("err")),
  ];
  const signals = ["SIGINT", "SIGTERM"] as const;
  const before = signals.map((name) => process.listeners(name));
  try {
    const code = await runCommandLine(args);
    return {
      code,
      out: stripVTControlCharacters(written.out),
      err: stripVTControlCharacters(written.err),
    };
  } finally {
    for (const spy of spies) spy.mockRestore();
    // A process runs one command; this one runs many, each of which listens for Ctrl-C.
    signals.forEach((name, i) => {
      for (const listener of process.listeners(name)) {
        if (!before[i].includes(listener)) process.removeListener(name, listener);
      }
    });
  }
}
