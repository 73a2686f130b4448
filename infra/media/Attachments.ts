import { Effect } from "effect";
import { Buffer } from "node:buffer";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Chapter, keepChapters } from "../../domain/media/Chapter.ts";
import { coverFormats } from "../../domain/media/Cover.ts";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import { chapterFormats, chaptersAfter } from "../../domain/media/OutputChapters.ts";
import type { OutputFormat } from "../../domain/media/OutputFormat.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import { coverFile, pictureBlock } from "./CoverFile.ts";
import { unavailable } from "./FfmpegProcess.ts";
import type { Header } from "./Header.ts";
import { readPicture } from "./SourcePicture.ts";

/** What a source has beside its sound. */
export interface Extras {
  readonly durationSeconds: number;
  readonly chapters: ReadonlyArray<Chapter>;
  /** The bytes of a cover that is within the bounds. */
  readonly picture: Uint8Array | null;
}

/** What an output gets beside its sound, by the inputs of the process: a picture, and a file with comments and chapters. */
export interface Attached {
  readonly cover: number | null;
  readonly sheet: number | null;
}

/** What goes with the sound of a file. A picture is looked for only where an output takes it; `cover` is one to take instead. */
export const findExtras = Effect.fnUntraced(function* (
  { source, media, encodings, cover }: {
    readonly source: string;
    readonly media: MediaFacts;
    readonly encodings: ReadonlyArray<Encoding>;
    readonly cover?: string;
  },
  header: Header,
) {
  const { durationSeconds } = media;
  const picture = !encodings.some(takesCover)
    ? null
    : cover === undefined
    ? yield* readPicture(source, header)
    : yield* Effect.tryPromise({ try: () => readFile(cover), catch: unavailable });
  const extras: Extras = {
    durationSeconds,
    chapters: keepChapters(header.chapters, durationSeconds),
    picture,
  };
  return extras;
});

/**
 * Writes covers and chapters into files in the workspace, for ffmpeg to take as inputs from number `first` on. Answers its options for
 * these inputs, and the outputs with what each gets of them.
 */
export const attach = Effect.fnUntraced(function* <Output extends { readonly encoding: Encoding }>(
  workspace: string,
  outputs: ReadonlyArray<Output>,
  extras: Extras,
  first: number,
) {
  const files = new Map<string | Uint8Array, ReadonlyArray<string>>();
  const inputOf = (content: string | Uint8Array | null, options: ReadonlyArray<string>): number | null => {
    if (content === null) return null;
    if (!files.has(content)) files.set(content, options);
    return first + [...files.keys()].indexOf(content);
  };
  const block = extras.picture && pictureBlock(extras.picture);
  const picture = block && coverFile(block);
  const attached = outputs.map((output): Output & Attached => {
    const { encoding } = output;
    const isComment = pictureComments.includes(encoding.format);
    // Its decoders are whitelisted too: the picture is copied, and nothing has to look into it.
    const cover = takesCover(encoding) && !isComment ? picture : null;
    const sheet = sheetOf(encoding, extras, takesCover(encoding) && isComment ? block : null);
    return {
      ...output,
      cover: inputOf(cover, ["-codec_whitelist", "flac", "-f", "flac"]),
      sheet: inputOf(sheet, ["-f", "ffmetadata"]),
    };
  });
  const inputs: Array<string> = [];
  for (const [index, [content, options]] of [...files].entries()) {
    const path = join(workspace, `_attached-${index}`);
    yield* Effect.tryPromise({ try: () => writeFile(path, content), catch: unavailable });
    inputs.push("-protocol_whitelist", "file", ...options, "-i", `file:${path}`);
  }
  return { inputs, outputs: attached };
});

/** Whether an output is to have a cover, if there is one. */
const takesCover = ({ format, cover }: Encoding): boolean =>
  cover === "keep" && coverFormats.includes(format);

/** The formats of Vorbis comments; ffmpeg writes no chapters to FLAC and Vorbis, and to Opus with times that are rounded up. */
const chapterComments: ReadonlyArray<OutputFormat> = ["flac", "ogg", "opus"];

/** In Ogg a picture is a comment; in FLAC it is a block of its own. */
const pictureComments: ReadonlyArray<OutputFormat> = ["ogg", "opus"];

/** A file of ffmpeg's metadata format; `null` where there is nothing to say. */
const sheetOf = (encoding: Encoding, extras: Extras, block: Uint8Array | null): string | null => {
  const { format, processing } = encoding;
  const chapters = chapterFormats.includes(format)
    ? chaptersAfter(processing, encoding.chapters, extras)
    : [];
  const lines = [
    ...(block ? [`METADATA_BLOCK_PICTURE=${escape(Buffer.from(block).toString("base64"))}`] : []),
    ...chapters.flatMap(chapterComments.includes(format) ? asComments : asSection),
  ];
  return lines.length === 0 ? null : [";FFMETADATA1", ...lines, ""].join("\n");
};

/** MPEG-4 loses chapters without a title. */
const titleOf = ({ title }: Chapter, index: number): string => escape(title || `Chapter ${index + 1}`);

const asSection = (chapter: Chapter, index: number): ReadonlyArray<string> => [
  ...["[CHAPTER]", "TIMEBASE=1/1000000"],
  `START=${Math.round(1e6 * chapter.startSeconds)}`,
  `END=${Math.round(1e6 * chapter.endSeconds)}`,
  `title=${titleOf(chapter, index)}`,
];

/** The comments for a chapter that players of Vorbis, Opus and FLAC know: `CHAPTER001=00:01:02.345` and `CHAPTER001NAME=…`. */
const asComments = (chapter: Chapter, index: number): ReadonlyArray<string> => {
  const name = `CHAPTER${String(index + 1).padStart(3, "0")}`;
  const millis = Math.round(1e3 * chapter.startSeconds);
  const digits = (value: number, length = 2) => String(Math.floor(value)).padStart(length, "0");
  const clock = [millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60].map((part) => digits(part));
  return [
    `${name}=${clock.join(":")}.${digits(millis % 1_000, 3)}`,
    `${name}NAME=${titleOf(chapter, index)}`,
  ];
};

/**
 * A text in ffmpeg's metadata format; texts have no control characters. A backslash at its end, escaped or not, would have the line go on:
 * a space follows.
 */
const escape = (text: string): string => text.replace(/[=;#\\]/g, "\\$&").replace(/\\$/, "$& ");
