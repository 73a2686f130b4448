import { assert, describe, it } from "@effect/vitest";
import { make, musicMeters } from "../../../domain/signal/MusicAnalyser.ts";
import { musicRate } from "../../../domain/signal/MusicRate.ts";
import { music } from "../../support/Audio.ts";

const { samples: chords } = music({ sampleRate: musicRate, channels: 1 });

describe("a music analyser", () => {
  it("finds the tempo, the beats and the key", () => {
    const analyser = make();
    for (let at = 0; at < chords.length; at += 7_000) analyser.push(chords.subarray(at, at + 7_000));
    const { tempo, key, errors } = analyser.finish();
    assert.deepStrictEqual(errors, {});
    assert.approximately(tempo?.tempo.bpm ?? NaN, 120, 1);
    assert.isAbove(tempo?.beats.length ?? 0, 15);
    assert.strictEqual(key?.name, "A minor");
  });

  it("has nulls without errors for silence", () => {
    const analyser = make();
    analyser.push(new Float32Array(10 * musicRate));
    assert.deepStrictEqual(analyser.finish(), { tempo: null, key: null, errors: {} });
  });

  it.each(["tempo", "key"] as const)("measures %s alone", (part) => {
    const analyser = make({ [part]: musicMeters[part] });
    analyser.push(chords);
    const report = analyser.finish();
    assert.deepStrictEqual(report.errors, {});
    assert.deepStrictEqual([report.tempo !== null, report.key !== null], [part === "tempo", part === "key"]);
  });

  it.each(["tempo", "key"] as const)("keeps the other when %s fails", (part) => {
    const failing = () => ({
      push: () => {},
      finish: () => {
        throw new RangeError("Too difficult");
      },
    });
    const analyser = make({ ...musicMeters, [part]: failing });
    analyser.push(chords);
    const report = analyser.finish();
    assert.deepStrictEqual(report.errors, { [part]: "Too difficult" });
    assert.isNull(report[part]);
    assert.isNotNull(report[part === "tempo" ? "key" : "tempo"]);
  });
});
