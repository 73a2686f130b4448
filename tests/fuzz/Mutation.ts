import { Buffer } from "node:buffer";
import { randomNumbers } from "../support/Random.ts";
import type { Specimen } from "./Specimens.ts";

/** A damaged specimen. The same seed, number and specimens make the same one; the same ffmpeg makes the same specimens. */
export interface Mutant {
  readonly number: number;
  /** The specimen that it came from. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** Numbers that length fields, counters and offsets break at. */
const extremes = [
  0,
  1,
  0x7f,
  0x80,
  0xff,
  0x7fff,
  0x8000,
  0xffff,
  0x7fffffff,
  0x80000000,
  0xfffffffe,
  0xffffffff,
];

const mostMutations = 6;
const longestStretch = 512;
/** Headers are this long, or less. Every other mutation falls there. */
const headerBytes = 512;

/** The mutants of some specimens, by their numbers. */
export const mutantsOf = (specimens: ReadonlyArray<Specimen>, seed: number) => (number: number): Mutant => {
  const random = randomNumbers(Math.imul(seed, 0x9e3779b1) + number | 0);
  const below = (bound: number) => Math.floor(random() * bound);
  const pick = <A>(items: ReadonlyArray<A>): A => {
    const item = items[below(items.length)];
    if (item === undefined) throw new RangeError("There is nothing to pick from");
    return item;
  };
  const place = (bytes: Buffer) => below(random() < 0.5 ? Math.min(headerBytes, bytes.length) : bytes.length);
  const stretch = (bytes: Buffer) => {
    const start = place(bytes);
    return [start, Math.min(bytes.length, start + 1 + below(longestStretch))] as const;
  };

  const changed = (bytes: Buffer, change: (copy: Buffer) => void) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) change(copy);
    return copy;
  };
  const replaced = (bytes: Buffer, [start, end]: readonly [number, number], by: Uint8Array) =>
    Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)]);

  const mutations: ReadonlyArray<(bytes: Buffer) => Buffer> = [
    (bytes) =>
      changed(bytes, (copy) => {
        const at = place(copy);
        copy.writeUInt8(copy.readUInt8(at) ^ 1 << below(8), at);
      }),
    (bytes) => changed(bytes, (copy) => copy.writeUInt8(below(256), place(copy))),
    (bytes) =>
      changed(bytes, (copy) => {
        const at = Math.min(place(copy), copy.length - 4);
        if (at < 0) return;
        if (random() < 0.5) copy.writeUInt32LE(pick(extremes), at);
        else copy.writeUInt32BE(pick(extremes), at);
      }),
    (bytes) => changed(bytes, (copy) => copy.fill(pick([0, 0xff, 0x20]), ...stretch(copy))),
    (bytes) =>
      changed(
        bytes,
        (copy) => copy.subarray(...stretch(copy)).forEach((_, at, part) => part[at] = below(256)),
      ),
    (bytes) => replaced(bytes, stretch(bytes), Buffer.alloc(0)),
    (bytes) => {
      const [start, end] = stretch(bytes);
      return replaced(bytes, [start, start], bytes.subarray(start, end));
    },
    (bytes) => bytes.subarray(0, below(bytes.length + 1)),
    (bytes) => {
      const other = pick(specimens).bytes;
      return Buffer.concat([bytes.subarray(0, place(bytes)), other.subarray(place(other))]);
    },
  ];

  const { name, bytes } = pick(specimens);
  const count = 1 + below(mostMutations);
  const mutated = Array.from({ length: count }).reduce<Buffer>((mutant) => pick(mutations)(mutant), bytes);
  return { number, name, bytes: mutated };
};
