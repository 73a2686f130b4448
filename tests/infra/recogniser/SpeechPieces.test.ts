import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { speechPieces } from "../../../infra/recogniser/SpeechPieces.ts";
import { sine, wav } from "../../support/Audio.ts";
import { speechOf } from "../../support/Speech.ts";
import { scratchDirectory } from "../media/MediaFixture.ts";

const sampleRate = 16_000;

/** Where what is said has a pause of a fifth of a second. */
const pause = 590.3;

/** Something loud at every sample, but for the pause. */
const speech = (seconds: number): Int16Array => {
  const samples = new Int16Array(seconds * sampleRate);
  for (let i = 0; i < samples.length; i++) samples[i] = 50 * (i % 1_000 - 500);
  return samples.fill(0, (pause - 0.1) * sampleRate, (pause + 0.1) * sampleRate);
};

const piecesOf = Effect.fnUntraced(function* (file: Uint8Array) {
  const path = join(yield* scratchDirectory, "speech.wav");
  writeFileSync(path, file);
  return yield* Effect.promise(() => Array.fromAsync(speechPieces(path)));
});

describe("speech for a service", () => {
  it.effect("goes as it is when it is short", () =>
    Effect.gen(function* () {
      const file = wav(sine({ sampleRate, channels: 1 }));
      const [piece, ...others] = yield* piecesOf(file);
      assert.lengthOf(others, 0);
      assert.deepStrictEqual([piece?.startSeconds, piece?.seconds], [0, 1]);
      assert.isTrue(file.equals(piece?.wav ?? new Uint8Array()));
    }));

  it.effect("is cut in a pause when it is long, and nothing is lost", () =>
    Effect.gen(function* () {
      const file = speechOf(speech(601));
      const pieces = yield* piecesOf(file);
      assert.lengthOf(pieces, 2);
      const [first, second] = pieces.map(({ startSeconds, seconds }) => ({ startSeconds, seconds }));
      assert.approximately(first?.seconds ?? 0, pause, 0.1);
      assert.strictEqual(second?.startSeconds, first?.seconds);
      assert.approximately((first?.seconds ?? 0) + (second?.seconds ?? 0), 601, 1e-9);
      let at = 44;
      for (const { wav, seconds } of pieces) {
        const view = new DataView(wav.buffer, wav.byteOffset, wav.byteLength);
        const bytes = seconds * sampleRate * 2;
        assert.deepStrictEqual([view.getUint32(4, true), view.getUint32(40, true)], [36 + bytes, bytes]);
        assert.isBelow(wav.length, 25_000_000);
        assert.isTrue(file.subarray(at, at + bytes).equals(wav.subarray(44)));
        at += bytes;
      }
      assert.strictEqual(at, file.length);
    }));

  it.effect("is nothing where there is none", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* piecesOf(speechOf(new Int16Array())), []);
    }));
});
