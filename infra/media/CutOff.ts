import { Effect } from "effect";
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

/** Looks for what a header does not have: the length that a WAV file declares, and whether the last page of an Ogg file is whole. */
export const declaredLength = Effect.fnUntraced(
  function* (
    path: string,
    { container, declaredSeconds: seconds }: Pick<Header, "container" | "declaredSeconds">,
  ) {
    if (container !== "wav" && container !== "ogg") {
      return { seconds, isCutOff: false } satisfies DeclaredLength;
    }
    return yield* Effect.tryPromise({
      try: async (): Promise<DeclaredLength> => {
        await using file = await open(path, "r");
        return container === "wav"
          ? { seconds: await waveSeconds(file) ?? seconds, isCutOff: false }
          : { seconds, isCutOff: await endsWithinPage(file) };
      },
      catch: unavailable,
    });
  },
);

/** Programs that do not know the length of what they write put the largest into the header, or nearly that. */
const unknownSize = 0x7fff_0000;
const maxChunks = 1_000;

/** The seconds of a RIFF file whose chunk `data` is to be longer than the file; `null` where all of it is there, or its length is not known. */
const waveSeconds = async (file: FileHandle): Promise<number | null> => {
  const { size: fileSize } = await file.stat();
  if ((await readUpTo(file, 0, 4)).toString("latin1") !== "RIFF") return null;
  let bytesPerSecond = 0;
  for (let at = 12, count = 0; count < maxChunks; count++) {
    const chunk = await readUpTo(file, at, 24);
    if (chunk.length < 8) return null;
    const id = chunk.toString("latin1", 0, 4), size = chunk.readUInt32LE(4);
    if (id === "fmt " && chunk.length === 24) bytesPerSecond = chunk.readUInt32LE(16);
    if (id === "data") {
      const isCut = at + 8 + size > fileSize && size < unknownSize;
      return isCut && bytesPerSecond > 0 ? size / bytesPerSecond : null;
    }
    at += 8 + size + size % 2;
  }
  return null;
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
