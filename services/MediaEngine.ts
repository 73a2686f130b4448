import { Context, type Effect, Schema, type Scope } from "effect";
import { Failure } from "../domain/ErrorCode.ts";
import type { AnalysisReport } from "../domain/analysis/AnalysisReport.ts";
import type { MediaFacts } from "../domain/media/MediaFacts.ts";
import type { OutputFormat } from "../domain/media/OutputFormat.ts";
import type { Encoding } from "../domain/media/OutputSpec.ts";

/** Why media work failed: with this input it always will (`failure` says why), or only this time. */
export class MediaError extends Schema.TaggedError<MediaError>()("MediaError", {
  reason: Schema.Union([
    Schema.TaggedStruct("BadInput", { failure: Failure }),
    Schema.TaggedStruct("Unavailable", { cause: Schema.Defect() }),
  ]),
}) {}

/** A finished output file in the job's directory. */
export interface RenderedFile {
  readonly encoding: Encoding;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly durationSeconds: number;
}

/** How a format is written here: by which encoder, and what is missing if it cannot be, in a sentence. */
export interface FormatSupport {
  readonly encoder: string;
  readonly missing: string | null;
}

/** What one measuring pass found, before its waveform has been stored; `waveformPath` is a file in the job's directory. */
export interface Measurement extends Omit<AnalysisReport, "waveform"> {
  readonly waveformPath: string;
  readonly waveform: Omit<AnalysisReport["waveform"], "key">;
}

/** Called with the share of the work that is done, 0 to 1, never falling. */
export type OnProgress = (share: number) => Effect.Effect<void>;

/**
 * Reads, converts and measures audio files. Every call works in a private directory that holds nothing but the source
 * file, and is bounded in duration, output size, CPU time, memory and wall time. An interruption ends the child processes.
 */
export class MediaEngine extends Context.Service<MediaEngine, {
  /** A private directory for one job, removed with everything in it when the scope closes. */
  readonly workspace: Effect.Effect<string, MediaError, Scope.Scope>;
  /** The facts of the file's audio stream; refuses what is no audio, or audio out of bounds. */
  readonly probe: (path: string) => Effect.Effect<MediaFacts, MediaError>;
  /** Renders every output by one process from one decode, into the workspace. */
  readonly render: (job: {
    readonly workspace: string;
    readonly source: string;
    readonly media: MediaFacts;
    readonly encodings: readonly [Encoding, ...ReadonlyArray<Encoding>];
    readonly onProgress: OnProgress;
  }) => Effect.Effect<readonly [RenderedFile, ...ReadonlyArray<RenderedFile>], MediaError>;
  /** Which formats can be rendered, as found when the service started. */
  readonly formats: Readonly<Record<OutputFormat, FormatSupport>>;
  /** What renders at present: its name and version. Asked anew each time, for it may be replaced while the service runs. */
  readonly encoder: Effect.Effect<string, MediaError>;
  /** Measures loudness, peaks, silence and the waveform in one decode. */
  readonly measure: (job: {
    readonly workspace: string;
    readonly source: string;
    readonly media: MediaFacts;
    readonly onProgress: OnProgress;
  }) => Effect.Effect<Measurement, MediaError>;
}>()("tapedeck/services/MediaEngine") {}
