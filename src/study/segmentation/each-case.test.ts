import { describe, expect, it } from "vitest";
import { DataError, WorkError } from "../../domain/errors.ts";
import { SILENT } from "../progress.ts";
import { eachCase } from "./each-case.ts";

const items = ["a", "b", "c"].map((id) => ({ id }));

describe("work on each case", () => {
  it("goes on after a bad one, which becomes an issue", async () => {
    const worked: string[] = [];
    const { issues, done } = await eachCase(items, { name: "n", progress: SILENT }, async ({ id }) => {
      if (id === "b") throw new DataError("image-empty", { found: "an image of zeros" });
      worked.push(id);
    });
    expect([worked, done]).toEqual([["a", "c"], 2]);
    expect(issues).toEqual([
      {
        code: "image-empty",
        severity: "error",
        subject: "b",
        message: "an image of zeros. It was left out.",
      },
    ]);
  });

  it("ends with a defect of the program", async () => {
    const work = eachCase(items, { name: "n", progress: SILENT }, () =>
      Promise.reject(new TypeError("defect")),
    );
    await expect(work).rejects.toThrow("defect");
  });

  it("ends where it is interrupted, without taking the case at work for a bad one", async () => {
    const controller = new AbortController();
    const work = eachCase(
      items.slice(0, 1),
      { name: "n", progress: SILENT, signal: controller.signal },
      async () => {
        controller.abort(new WorkError("interrupted", { found: "the work was interrupted" }));
        controller.signal.throwIfAborted();
      },
    );
    await expect(work).rejects.toMatchObject({ code: "interrupted" });
  });
});
