import { type Array, Context, type Effect, Schema, type Scope } from "effect";
import { Failure } from "../domain/ErrorCode.ts";
import type { AnalysisCurves } from "../domain/analysis/AnalysisCurves.ts";
import type { SamplePart } from "../domain/analysis/AnalysisPart.ts";
import type { AnalysisReport } from "../domain/analysis/AnalysisReport.ts";
import type { MediaFacts } from "../domain/media/MediaFacts.ts";
import type { OutputFormat } from "../domain/media/OutputFormat.ts";
import type { Levels, LoudnessResult } from "../domain/media/Loudness.ts";
import type { Encoding } from "../domain/media/OutputSpec.ts";
import type { Streaming } from "../domain/media/Streaming.ts";

/** Why media work failed: with this input it always will (`failure` says why), or only this time. */
export class MediaError extends Schema.TaggedError<MediaError>()("MediaError", {
  reason: Schema.Union([
    Schema.TaggedStruct("BadInput", { failure: Failure }),
    Schema.TaggedStruct("Unavailable", { cause: Schema.Defect() }),
  ]),
}) {}

/**
 * A finished output file in the job's directory. The further files of an output for streaming lie beside it, in a directory that is
 * named like the output; size and hash are of all of them.
 */
export interface RenderedFile {
  readonly encoding: Encoding;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly durationSeconds: number;
  readonly loudness: LoudnessResult | null;
  readonly streaming?: Streaming;
}

/** What rendering came to: the outputs that are there, at least one, and those that could not be made. */
export interface Rendering {
  readonly files: Array.NonEmptyReadonlyArray<RenderedFile>;
  readonly failed: ReadonlyArray<{ readonly encoding: Encoding; readonly reason: Failure }>;
}

/** How a format is written here: by which encoder, and what is missing if it cannot be, in a sentence. */
export interface FormatSupport {
  readonly encoder: string;
  readonly missing: string | null;
}

/** A reference of a report to objects, before they have been stored: files in the job's directory. */
type Unstored<Ref> = Omit<NonNullable<Ref>, "key" | "rmsKey" | "channels"> & { readonly path: string };

/** The waveform of a measurement. The peaks of one channel are in the file of the mix. */
export interface UnstoredWaveform extends Unstored<AnalysisReport["waveform"]> {
  readonly rmsPath: string;
  readonly channels: { readonly count: number; readonly path: string } | null;
}

/**
 * What one measuring pass found, before the objects beside its report have been stored. What was not to be measured has the version 0;
 * its values are null, and there is nothing of it in the curves.
 */
export interface Measurement
  extends Omit<AnalysisReport, "waveform" | "curves" | "spectrogram" | "transcript"> {
  readonly waveform: UnstoredWaveform | null;
  readonly curves: Partial<AnalysisCurves>;
  readonly spectrogram: Unstored<AnalysisReport["spectrogram"]> | null;
}

/** Called with the share of the work that is done, 0 to 1, never falling. */
export type OnProgress = (share: number) => Effect.Effect<void>;

/** A file to render, and into what. */
export interface RenderJob {
  readonly workspace: string;
  readonly source: string;
  readonly media: MediaFacts;
  readonly encodings: Array.NonEmptyReadonlyArray<Encoding>;
  /** The loudness and true peak of the source, where they are known; else they are measured if need be. */
  readonly levels: Levels | null;
  /** How long the source is when it is decoded, where that is known; else it is measured if need be. */
  readonly decodedSeconds?: number | undefined;
  /** Those of the album whose gain outputs get that ask for it. */
  readonly albumLevels?: Levels | null;
  /** The path of a picture that takes the place of the source's. */
  readonly cover?: string;
  readonly onProgress: OnProgress;
}

/** A file to measure. */
export interface MeasureJob {
  readonly workspace: string;
  readonly source: string;
  readonly media: MediaFacts;
  /** What is to be measured: everything unless given. */
  readonly parts?: ReadonlyArray<SamplePart>;
  readonly onProgress: OnProgress;
}

/**
 * Reads, converts and measures audio files. Every call works in a private directory that holds nothing but the source
 * file, and is bounded in duration, output size, CPU time, memory and wall time. An interruption ends the child processes.
 */
export class MediaEngine extends Context.Service<MediaEngine, {
  /** A private directory for one job, removed with everything in it when the scope closes. */
  readonly workspace: Effect.Effect<string, MediaError, Scope.Scope>;
  /** The facts of the file's audio stream; refuses what is no audio, or audio out of bounds. */
  readonly probe: (path: string) => Effect.Effect<MediaFacts, MediaError>;
  /**
   * Renders every output from one decode, into the workspace; those that fail are tried apart from the others. Fails where no output
   * could be made.
   */
  readonly render: (job: RenderJob) => Effect.Effect<Rendering, MediaError>;
  /** Which formats can be rendered, as found when the service started. */
  readonly formats: Readonly<Record<OutputFormat, FormatSupport>>;
  /** What renders at present: its name and version. Asked anew each time, for it may be replaced while the service runs. */
  readonly encoder: Effect.Effect<string, MediaError>;
  /** Measures what a report tells, or parts of it, in one decode. */
  readonly measure: (job: MeasureJob) => Effect.Effect<Measurement, MediaError>;
  /** Writes a file for a recogniser of speech into the workspace, as `SpeechFile` describes it, and answers its path. */
  readonly writeSpeech: (job: {
    readonly workspace: string;
    readonly source: string;
    readonly media: MediaFacts;
  }) => Effect.Effect<string, MediaError>;
}>()("tapedeck/services/MediaEngine") {}
