import { assert, describe, it } from "@effect/vitest";
import { obstacle, secondsAfter, withoutSilence } from "../../../domain/media/Processing.ts";

const sounding = { start: 2, end: 8 };
const trimOf = (...[processing, span = sounding, seconds = 10]: Partial<Parameters<typeof withoutSilence>>) =>
  withoutSilence(processing ?? {}, span, seconds);

describe("a trim of silence", () => {
  it("becomes a trim of what sounds, and of as much silence as is to be kept", () => {
    assert.deepStrictEqual(trimOf({ silenceTrim: {}, gainDb: 1 }), {
      trim: { startSeconds: 2, endSeconds: 8 },
      gainDb: 1,
    });
    assert.deepStrictEqual(trimOf({ silenceTrim: { keepSeconds: 0.5 } }).trim, {
      startSeconds: 1.5,
      endSeconds: 8.5,
    });
    assert.deepStrictEqual(trimOf({ silenceTrim: { ends: "start" } }).trim, {
      startSeconds: 2,
      endSeconds: 10,
    });
    assert.deepStrictEqual(trimOf({ silenceTrim: { ends: "end" } }).trim, { startSeconds: 0, endSeconds: 8 });
  });

  it("never keeps what a trim takes away", () => {
    const trim = { startSeconds: 1, endSeconds: 9 };
    assert.deepStrictEqual(trimOf({ trim, silenceTrim: { keepSeconds: 5 } }).trim, trim);
  });

  it("is nothing where it is not asked for", () =>
    assert.deepStrictEqual(trimOf({ gainDb: 1 }), { gainDb: 1 }));
});

describe("a source", () => {
  const source = { channels: 2, durationSeconds: 10 };

  it("cannot serve a channel that it has not, nor a moment after its end", () => {
    assert.strictEqual(obstacle({ channelSelect: 2 }, source)?.field, "channelSelect");
    assert.strictEqual(obstacle({ trim: { startSeconds: 10 } }, source)?.field, "trim.startSeconds");
    assert.isNull(obstacle({ channelSelect: 1, trim: { startSeconds: 9.9, endSeconds: 99 } }, source));
  });

  it("lasts as long at any pitch, and shorter when it is trimmed or sped up", () => {
    assert.strictEqual(secondsAfter({ pitchSemitones: 12 }, 10), 10);
    assert.strictEqual(secondsAfter({ trim: { startSeconds: 4, endSeconds: 12 }, speed: 1.5 }, 10), 4);
    assert.strictEqual(secondsAfter({ trim: { startSeconds: 12 } }, 10), 0);
  });
});
