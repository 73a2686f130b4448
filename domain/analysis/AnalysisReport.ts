import { Schema } from "effect";
import { BlobKey } from "../BlobKey.ts";

const Measured = Schema.NullOr(Schema.Finite);

/** Loudness by ITU-R BS.1770-4 and EBU R 128. `null` where digital silence, or too little audio, has no value. */
export const LoudnessReport = Schema.Struct({
  integratedLufs: Measured,
  rangeLu: Measured,
  truePeakDbtp: Measured,
  samplePeakDbfs: Measured,
  threshold: Measured,
  maxMomentaryLufs: Measured,
  maxShortTermLufs: Measured,
});

/** Facts of the signal. `silent` means that every sample is zero; silences are in seconds from the start. */
export const SignalFacts = Schema.Struct({
  silent: Schema.Boolean,
  silences: Schema.Array(Schema.Struct({ start: Schema.Finite, end: Schema.Finite })),
  clippedSamples: Schema.Int,
  dcOffset: Measured,
  rmsDbfs: Measured,
  crestDb: Measured,
});

/** Where the waveform peaks of an analysis are stored, and their finest resolution. */
export const WaveformRef = Schema.Struct({
  key: BlobKey,
  sampleRate: Schema.Int,
  samplesPerPixel: Schema.Int,
  length: Schema.Int,
});

/** What is worth a person's attention in an otherwise finished analysis. */
export const AnalysisWarning = Schema.Literals(["SILENT", "CLIPPED", "TRUNCATED"]);
export type AnalysisWarning = typeof AnalysisWarning.Type;

/** Everything that one analysis measured. */
export const AnalysisReport = Schema.Struct({
  decodedSeconds: Schema.Finite,
  loudness: LoudnessReport,
  signal: SignalFacts,
  waveform: WaveformRef,
  warnings: Schema.Array(AnalysisWarning),
  /** Raised whenever the same audio may measure differently than before. */
  analyserVersion: Schema.Int,
});
export type AnalysisReport = typeof AnalysisReport.Type;
