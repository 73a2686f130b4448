import { Effect } from "effect";
import { Buffer } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { unavailable } from "./FfmpegProcess.ts";
import { readUpTo } from "./FileBytes.ts";
import type { Header } from "./Header.ts";

/** What a file tells of its length where ffmpeg only tells how much of it is there. */
export interface DeclaredLength {
  /** `null` where it declares none. */
  readonly seconds: number | null;
  /** It ends in the middle of something, and nobody knows how much is missing. */
  readonly isCutOff: boolean;
}

/** Looks for what a header does not have: the length that a file declares of which a part is missing, and whether the last page of an Ogg file is whole. */
export const declaredLength = Effect.fnUntraced(
  function* (
    path: string,
    { container, declaredSeconds: seconds }: Pick<Header, "container" | "declaredSeconds">,
  ) {
    const layout = layouts.get(container);
    if (layout === undefined && container !== "asf" && container !== "ogg") {
      return { seconds, isCutOff: false } satisfies DeclaredLength;
    }
    return yield* Effect.tryPromise({
      try: async (): Promise<DeclaredLength> => {
        await using file = await open(path, "r");
        if (container === "ogg") return { seconds, isCutOff: await endsWithinPage(file) };
        const declared = layout === undefined ? await asfSeconds(file) : await chunkSeconds(file, layout);
        return { seconds: declared ?? seconds, isCutOff: false };
      },
      catch: unavailable,
    });
  },
);

/** How a file of chunks is laid out; positions are counted from the start of the file, or of a chunk. */
interface Layout {
  readonly mark: string;
  readonly firstChunk: number;
  /** The bytes before the content of a chunk: its name and its size. */
  readonly headerBytes: number;
  readonly alignment: number;
  /** The size of a chunk's content. */
  readonly sizeIn: (chunk: Buffer) => number;
  /** Programs that do not know the length of what they write put the largest there, or nearly that. */
  readonly unknownSize: number;
  /** The name of the chunk that tells the format of the samples. */
  readonly format: string;
  readonly bytesPerSecondIn: (chunk: Buffer) => number;
}

const layouts: ReadonlyMap<string, Layout> = new Map([
  ["wav", {
    ...{ mark: "RIFF", firstChunk: 12, headerBytes: 8, alignment: 2, unknownSize: 0x7fff_0000 },
    sizeIn: (chunk) => chunk.readUInt32LE(4),
    format: "fmt ",
    bytesPerSecondIn: (chunk) => chunk.readUInt32LE(16),
  }],
  // Names are of 16 bytes, of which the first four are those of WAV; a size counts the header too.
  ["w64", {
    ...{ mark: "riff", firstChunk: 40, headerBytes: 24, alignment: 8, unknownSize: 2 ** 62 },
    sizeIn: (chunk) => Number(chunk.readBigUInt64LE(16)) - 24,
    format: "fmt ",
    bytesPerSecondIn: (chunk) => chunk.readUInt32LE(32),
  }],
  // Apple Core Audio Format Specification 1.0. Where packets are not all of one size, ffmpeg knows the length.
  ["caf", {
    ...{ mark: "caff", firstChunk: 8, headerBytes: 12, alignment: 1, unknownSize: 2 ** 62 },
    sizeIn: (chunk) => Number(chunk.readBigUInt64BE(4)),
    format: "desc",
    bytesPerSecondIn: (chunk) => chunk.readDoubleBE(12) * chunk.readUInt32BE(28) / chunk.readUInt32BE(32),
  }],
]);

const maxChunks = 1_000;
/** As much of a chunk as tells the format of the samples. */
const chunkStartBytes = 36;

/** The seconds of a file whose chunk `data` is to be longer than the file; `null` where all of it is there, or its length is not known. */
const chunkSeconds = async (file: FileHandle, layout: Layout): Promise<number | null> => {
  const { mark, firstChunk, headerBytes, alignment, sizeIn, unknownSize, format, bytesPerSecondIn } = layout;
  const { size: fileSize } = await file.stat();
  if ((await readUpTo(file, 0, 4)).toString("latin1") !== mark) return null;
  let bytesPerSecond = 0;
  for (let at = firstChunk, count = 0; at < fileSize && count < maxChunks; count++) {
    const chunk = await readUpTo(file, at, chunkStartBytes);
    if (chunk.length < headerBytes) return null;
    const id = chunk.toString("latin1", 0, 4), size = sizeIn(chunk);
    if (id === format && chunk.length === chunkStartBytes) bytesPerSecond = bytesPerSecondIn(chunk);
    if (id === "data") {
      const isCut = at + headerBytes + size > fileSize && size < unknownSize;
      return isCut && bytesPerSecond > 0 ? size / bytesPerSecond : null;
    }
    at += headerBytes + Math.ceil(size / alignment) * alignment;
  }
  return null;
};

const filePropertiesId = Buffer.from("a1dcab8c47a9cf118ee400c00c205365", "hex");
const filePropertiesBytes = 104;
/** Only pictures and the like make a header longer, and they come behind. */
const asfHeaderBytes = 65_536;

/**
 * The seconds of an ASF file that is to be longer than it is; `null` where it is not, and for a broadcast, which claims nothing (Advanced
 * Systems Format 1.20, 3.2).
 */
const asfSeconds = async (file: FileHandle): Promise<number | null> => {
  const { size } = await file.stat();
  const header = await readUpTo(file, 0, asfHeaderBytes);
  const at = header.indexOf(filePropertiesId);
  if (at < 0 || header.length < at + filePropertiesBytes) return null;
  const isBroadcast = (header.readUInt32LE(at + 88) & 1) === 1;
  if (isBroadcast || header.readBigUInt64LE(at + 40) <= size) return null;
  // The time to play, in units of 100 ns, begins with that to fill a buffer, in milliseconds.
  return Number(header.readBigUInt64LE(at + 64)) / 1e7 - Number(header.readBigUInt64LE(at + 80)) / 1e3;
};

const pageHeaderBytes = 27;
const longestPage = pageHeaderBytes + 255 + 255 * 255;

/** Whether an Ogg file ends before its last page does (RFC 3533, 6). */
const endsWithinPage = async (file: FileHandle): Promise<boolean> => {
  const { size } = await file.stat();
  const end = await readUpTo(file, Math.max(0, size - longestPage), longestPage);
  for (let at = end.lastIndexOf("OggS"); at >= 0; at = at === 0 ? -1 : end.lastIndexOf("OggS", at - 1)) {
    // The bytes of the mark may also be somewhere within a page; behind the mark is the version, 0.
    if ((end[at + 4] ?? 0) !== 0) continue;
    const segments = end[at + pageHeaderBytes - 1];
    if (segments === undefined) return true;
    const lengths = end.subarray(at + pageHeaderBytes, at + pageHeaderBytes + segments);
    const length = pageHeaderBytes + segments + lengths.reduce((sum, length) => sum + length, 0);
    return lengths.length < segments || at + length > end.length;
  }
  return false;
};
