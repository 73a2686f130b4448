import { assert, describe, it } from "@effect/vitest";
import { errorsOf, type Outcome, Part } from "../../../domain/signal/Part.ts";

/** What a part comes to that is pushed twice. */
const outcomeOf = <Result>(part: Part<Result>): Outcome<Result> => {
  part.push(new Float32Array(4), 2);
  part.push(new Float32Array(4), 2);
  return part.finish();
};

const fault = () => {
  throw new Error("Too difficult");
};

describe("a part of a measurement", () => {
  it("has the result of its meter", () => {
    let frames = 0;
    const part = new Part(() => ({ push: (_, count) => frames += count, finish: () => ({ frames }) }));
    assert.deepStrictEqual(outcomeOf(part), { value: { frames: 4 }, error: null });
  });

  it("may find nothing", () => {
    assert.deepStrictEqual(outcomeOf(new Part(() => ({ push: () => {}, finish: () => null }))), {
      value: null,
      error: null,
    });
  });

  it.each([
    ["to begin", fault],
    ["on the way", () => ({ push: fault, finish: () => 1 })],
    ["at the end", () => ({ push: () => {}, finish: fault })],
  ])("that fails %s throws nothing, and tells why", (_, make) => {
    assert.deepStrictEqual(outcomeOf(new Part<number>(make)), { value: null, error: "Too difficult" });
  });

  it("is not pushed again after it has failed", () => {
    let pushes = 0;
    outcomeOf(
      new Part(() => ({
        push: () => {
          pushes++;
          fault();
        },
        finish: () => 1,
      })),
    );
    assert.strictEqual(pushes, 1);
  });

  it.each([[NaN], [{ deep: [{ value: Infinity }] }], [{ samples: Float32Array.of(1, NaN) }]])(
    "fails with a result that has %o in it",
    (result) => {
      const { value, error } = outcomeOf(new Part<unknown>(() => ({ push: () => {}, finish: () => result })));
      assert.isNull(value);
      assert.match(error ?? "", /not finite/);
    },
  );

  it("may have levels of silence in a curve", () => {
    const curve = Float32Array.of(-Infinity, -20);
    assert.deepStrictEqual(outcomeOf(new Part(() => ({ push: () => {}, finish: () => ({ curve }) }))).value, {
      curve,
    });
  });

  it("is named where it failed, and only then", () => {
    assert.deepStrictEqual(
      errorsOf({
        good: { value: 1, error: null },
        none: { value: null, error: null },
        bad: { value: null, error: "Why" },
      }),
      { bad: "Why" },
    );
  });
});
