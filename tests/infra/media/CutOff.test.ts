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

const second = Buffer.alloc(176_400);

/** A Core Audio file of a second, whose chunk of samples claims a size, as does one before it, of three bytes. */
const caf = (size: bigint, bytesPerPacket = 4, sizeBefore = 3n): Buffer => {
  const file = Buffer.alloc(8 + 44 + 15 + 12 + 4);
  file.write("caff\0\x01", 0, "latin1");
  file.write("desc", 8);
  file.writeBigInt64BE(32n, 12);
  file.writeDoubleBE(44_100, 20);
  file.write("lpcm", 28);
  file.writeUInt32BE(bytesPerPacket, 36);
  file.writeUInt32BE(1, 40);
  file.write("free", 52);
  file.writeBigInt64BE(sizeBefore, 56);
  file.write("data", 67);
  file.writeBigInt64BE(size, 71);
  return Buffer.concat([file, second]);
};

/** A Wave64 file of a second, whose chunk of samples claims a size, as does one before it, of two bytes. */
const w64 = (size: bigint, sizeBefore = 26n): Buffer => {
  const file = Buffer.alloc(40 + 40 + 32 + 24);
  file.write("riff", 0);
  file.write("fmt ", 40);
  file.writeBigUInt64LE(40n, 56);
  file.writeUInt32LE(176_400, 72);
  file.write("list", 80);
  file.writeBigUInt64LE(sizeBefore, 96);
  file.write("data", 112);
  file.writeBigUInt64LE(size, 128);
  return Buffer.concat([file, second]);
};

/** The properties of an ASF file of two seconds, which claims a size. */
const asf = (size: bigint, flags = 0): Buffer => {
  const file = Buffer.alloc(104);
  file.write("a1dcab8c47a9cf118ee400c00c205365", "hex");
  file.writeBigUInt64LE(size, 40);
  file.writeBigUInt64LE(50_000_000n, 64);
  file.writeBigUInt64LE(3_000n, 80);
  file.writeUInt32LE(flags, 88);
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

  it.effect.each<readonly [string, string, Uint8Array, number]>([
    ["caf", "that is whole", caf(176_404n), 7],
    ["caf", "of which half is missing", caf(352_800n), 2],
    ["caf", "that was written without knowing it", caf(-1n), 7],
    ["caf", "whose packets differ in size", caf(352_800n, 0), 7],
    ["caf", "with a chunk of an absurd size", caf(352_800n, 4, 2n ** 63n - 1n), 7],
    ["w64", "that is whole", w64(176_424n), 7],
    ["w64", "of which half is missing", w64(352_824n), 2],
    ["w64", "that was written without knowing it", w64(2n ** 63n - 1n), 7],
    ["w64", "with a chunk that is smaller than its header", w64(352_824n, 0n), 7],
    ["asf", "that is whole", asf(104n), 7],
    ["asf", "of which half is missing", asf(208n), 2],
    ["asf", "of which the half of a broadcast is missing", asf(208n, 1), 7],
    ["asf", "that ends within its header", asf(208n).subarray(0, 103), 7],
    ["asf", "that is none", wave(), 7],
  ])("is known for a file of %s %s", ([container, , file, seconds]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* lengthOf(container, file), { seconds, isCutOff: false });
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
