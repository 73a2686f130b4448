import { assert, describe, it } from "@effect/vitest";
import { clock, progressLine } from "../../../src/cli/Progress.ts";

const about = { title: "Import", unit: "events" };

describe("the line of progress", () => {
  it("says how much is done, how fast, and how long it will take", () => {
    assert.strictEqual(
      progressLine({ ...about, total: 4_000, done: 1_000, seconds: 10 }),
      `Import  ${"█".repeat(6)}${"░".repeat(18)}  25%  1,000 of 4,000 events  100 events/s  0:30 left`,
    );
  });

  it("makes no promise before it knows a rate, and none beyond the end", () => {
    const start = progressLine({ ...about, total: 10, done: 0, seconds: 0 });
    assert.include(start, "  0%");
    assert.notInclude(start, "left");
    assert.include(progressLine({ ...about, total: 10, done: 12, seconds: 1 }), "100%");
    assert.include(progressLine({ ...about, total: 10, done: 12, seconds: 1 }), "0:00 left");
    assert.include(progressLine({ ...about, total: 0, done: 0, seconds: 1 }), "100%");
  });

  it("says what has been done where the end is not known", () => {
    assert.strictEqual(
      progressLine({ ...about, total: null, done: 1_234, seconds: 2 }),
      "Import  1,234 events  617 events/s  0:02",
    );
  });

  it("tells tenths where it is slow", () =>
    assert.include(progressLine({ ...about, total: 10, done: 3, seconds: 4 }), "0.8 events/s"));

  it.each([[0, "0:00"], [59.6, "1:00"], [61, "1:01"], [3_599, "59:59"], [3_725, "1:02:05"], [-1, "0:00"]])(
    "writes %f seconds as %s",
    (seconds, text) => assert.strictEqual(clock(seconds), text),
  );
});
