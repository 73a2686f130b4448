import { Schema } from "effect";
import { BlobKey } from "../BlobKey.ts";
import type { Levels } from "../media/Loudness.ts";
import { SPECTRUM_BANDS } from "../signal/SpectrumMeter.ts";
import { Transcript } from "../transcript/Transcript.ts";
import { AnalyserVersions, AnalysisErrors } from "./AnalysisPart.ts";
import { AnalysisWarning } from "./AnalysisWarning.ts";
import { MusicalKey } from "./MusicalKey.ts";
import { Tempo } from "./Tempo.ts";

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

/** The average spectrum: its centroid, and the levels of 32 bands of equal width in octaves from 20 Hz to 20 kHz, in dB. */
export const SpectrumReport = Schema.Struct({
  centroidHz: Schema.Finite,
  bands: Schema.Array(Schema.Finite).check(Schema.isBetweenLength(SPECTRUM_BANDS, SPECTRUM_BANDS)),
});

/**
 * Facts of the signal. `silent` means that every sample is zero; silences are in seconds from the start. Correlation (−1 to 1) and
 * balance (dB by which the right channel is louder) are those of stereo. The spectrum is `null` when silent.
 */
export const SignalFacts = Schema.Struct({
  silent: Schema.Boolean,
  silences: Schema.Array(Schema.Struct({ start: Schema.Finite, end: Schema.Finite })),
  clippedSamples: Schema.Int,
  dcOffset: Measured,
  rmsDbfs: Measured,
  crestDb: Measured,
  stereoCorrelation: Measured,
  balanceDb: Measured,
  spectrum: Schema.NullOr(SpectrumReport),
});

/** Where the waveform of an analysis is stored, its peaks and their levels, and its finest resolution. */
export const WaveformRef = Schema.Struct({
  key: BlobKey,
  /** `null` for an analysis made before levels were stored. */
  rmsKey: Schema.NullOr(BlobKey),
  /**
   * The peaks of each channel, and how many there are; of one, they are those of the mix. `null` for an analysis made before they were
   * stored, and for more channels than are measured apart.
   */
  channels: Schema.NullOr(Schema.Struct({ key: BlobKey, count: Schema.Int })),
  sampleRate: Schema.Int,
  samplesPerPixel: Schema.Int,
  length: Schema.Int,
});

/** Where the transcript of an analysis is stored, and what it is. */
export const TranscriptRef = Schema.Struct({
  key: BlobKey,
  language: Transcript.fields.language,
  recogniser: Transcript.fields.recogniser,
  segments: Schema.Int,
});

/** Everything that one analysis measured. What is large is stored beside it, as objects. */
export const AnalysisReport = Schema.Struct({
  decodedSeconds: Schema.Finite,
  loudness: LoudnessReport,
  /** `null` where there is no music with a steady beat. */
  tempo: Schema.NullOr(Tempo),
  /** `null` where there is no music with a key. */
  key: Schema.NullOr(MusicalKey),
  /** `null` where nothing of the signal could be measured. */
  signal: Schema.NullOr(SignalFacts),
  waveform: Schema.NullOr(WaveformRef),
  /** The loudness over time and the beats (`AnalysisCurves`); `null` for an analysis made before they were stored. */
  curves: Schema.NullOr(Schema.Struct({ key: BlobKey })),
  /** `null` for an analysis made before spectrograms, and where it could not be made. */
  spectrogram: Schema.NullOr(Schema.Struct({ key: BlobKey })),
  /** `null` where no recogniser was configured, for silence, and where speech could not be recognised. */
  transcript: Schema.NullOr(TranscriptRef),
  warnings: Schema.Array(AnalysisWarning),
  analyserVersion: AnalyserVersions,
  errors: AnalysisErrors,
});
export type AnalysisReport = typeof AnalysisReport.Type;

/** The levels that were measured; `null` where they could not be: without them, a sound would pass for silence. */
export const levelsIn = (
  { loudness: { integratedLufs, truePeakDbtp }, errors }: Pick<AnalysisReport, "loudness" | "errors">,
): Levels | null => errors.loudness === undefined ? { integratedLufs, truePeakDbtp } : null;
