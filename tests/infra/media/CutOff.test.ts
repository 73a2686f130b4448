import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { declaredLength } from "../../../infra/media/CutOff.ts";
import { sine, wav } from "../../support/Audio.ts";
import { scratchDirectory } from "./MediaFixture.ts";

const lengthOf = Effect.fnUntraced(function* (container: string, file: Uint8Array) {
  const path = join(yield* scratchDirectory, "file");
  writeFileSync(path, file);
  return yield* declaredLength(path, { container, declaredSeconds: 7 });
});

/** A WAV file of two seconds, whose chunk of samples is at 36. */
const wave = (size?: number): Buffer => {
  const file = wav(sine({ seconds: 2 }));
  if (size !== undefined) file.writeUInt32LE(size, 40);
  return file;
};

/** An Ogg page with so many segments of 100 bytes, each filled with a mark of pages. */
const page = (segments: number): Buffer =>
  Buffer.concat([
    Buffer.from("OggS"),
    Buffer.alloc(22),
    Buffer.from([segments, ...Array<number>(segments).fill(100)]),
    Buffer.alloc(100 * segments, "OggS!"),
  ]);

const other = Buffer.concat([wave().subarray(0, 36), Buffer.from("LIST\x03\0\0\0abc\0", "latin1")]);

describe("the declared length of a file", () => {
  it.effect.each<readonly [string, Uint8Array, number]>([
    ["that is whole", wave(), 7],
    ["of which half is missing", wave().subarray(0, 176_444), 2],
    [
      "of which half is missing, behind a chunk of odd length",
      Buffer.concat([other, wave().subarray(36, 90_000)]),
      2,
    ],
    ["that was written without knowing it", wave(0xffff_ffff), 7],
    ["that was written without knowing it, by another program", wave(0x7fff_f000), 7],
    ["that ends within its header", wave().subarray(0, 30), 7],
    ["that is none", Buffer.from("RF64"), 7],
  ])("is known for a WAV file %s", ([, file, seconds]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* lengthOf("wav", file), { seconds, isCutOff: false });
    }));

  it.effect.each<readonly [string, Uint8Array, boolean]>([
    ["is whole", Buffer.concat([page(255), page(3)]), false],
    ["lacks a byte", Buffer.concat([page(255), page(255).subarray(0, -1)]), true],
    ["lacks most of its lengths", Buffer.concat([page(3), page(255).subarray(0, 40)]), true],
    ["lacks all but its mark", Buffer.concat([page(3), page(255).subarray(0, 4)]), true],
    ["is none", Buffer.from("no page"), false],
  ])(
    "is not known for an Ogg file, but whether its last page %s is",
    ([, file, isCutOff]) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* lengthOf("ogg", file), { seconds: 7, isCutOff });
      }),
  );
});
