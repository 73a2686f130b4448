import { assert, it } from "@effect/vitest";
import { Effect } from "effect";
import type { Processing } from "../../../domain/media/Processing.ts";
import { refuseImpossible } from "../../../src/http/SettleOutputs.ts";
import { factsOf } from "../../infra/media/MediaFixture.ts";

const check = (durationSeconds: number, processing: Processing) =>
  refuseImpossible(
    [{ name: "a", format: "wav" }, { name: "b", format: "wav", ...processing }],
    factsOf({ durationSeconds }),
    1_000,
  );

it.effect.each<readonly [number, Processing, string]>([
  [600, { speed: 0.5 }, "speed"],
  [10, { trim: { startSeconds: 10.3 } }, "trim.startSeconds"],
  [600, { trim: { startSeconds: 607 } }, "trim.startSeconds"],
  [10, { channelSelect: 2 }, "channelSelect"],
])("of %d seconds, %j is refused at once", ([seconds, processing, field]) =>
  Effect.gen(function* () {
    const problem = yield* Effect.flip(check(seconds, processing));
    assert.deepStrictEqual([problem.code, problem.field], ["INVALID_PARAMETER", `outputs[1].${field}`]);
    if (field.startsWith("trim")) assert.include(problem.detail, ` ${seconds} seconds`);
  }));

it.effect.each<readonly [number, Processing]>([
  [504, { speed: 0.5 }],
  [600, { speed: 0.5, silenceTrim: {} }],
  [600, { speed: 0.5, trim: { startSeconds: 200 } }],
  [10, { trim: { startSeconds: 10.1 } }],
  [600, { trim: { startSeconds: 605 } }],
  [10, { channelSelect: 1 }],
])(
  "of %d seconds that may be a hundredth more or less, %j is left to the render",
  ([seconds, processing]) => check(seconds, processing),
);
