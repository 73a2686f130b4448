import { Record, Schema } from "effect";

/** The parts that are measured in the samples. `signal` includes spectrum and spectrogram. */
export const SamplePart = Schema.Literals(["loudness", "tempo", "key", "signal", "waveform"]);
export type SamplePart = typeof SamplePart.Type;

/** Each of them. */
export const sampleParts: ReadonlyArray<SamplePart> = SamplePart.literals;

/** What an analysis consists of: each part is measured, fails, and is measured again alone. */
export const AnalysisPart = Schema.Literals([...SamplePart.literals, "transcript"]);
export type AnalysisPart = typeof AnalysisPart.Type;

/** Every part. */
export const allParts: ReadonlyArray<AnalysisPart> = AnalysisPart.literals;

/** A value for each part. */
export const eachPart = <A>(valueOf: (part: AnalysisPart) => A): Readonly<Record<AnalysisPart, A>> =>
  Record.map(currentAnalyser, (_, part) => valueOf(part));

/** Some parts, at least one. */
export const AnalysisParts = Schema.NonEmptyArray(AnalysisPart).check(Schema.isUnique());

/**
 * For each part the version of what measured it, raised whenever the same audio may measure differently, or more of it is measured; 0: not
 * measured.
 */
export const AnalyserVersions = Schema.Record(AnalysisPart, Schema.Int);
export type AnalyserVersions = typeof AnalyserVersions.Type;

/** The analyser of this program. Version 2 of loudness brought its curves, that of the waveform its levels and its channels. */
export const currentAnalyser: AnalyserVersions = {
  ...{ loudness: 2, tempo: 1, key: 1, signal: 2, waveform: 2 },
  transcript: 1,
};

/** Why parts could not be measured: each fails alone, with the others kept. */
export const AnalysisErrors = Schema.Record(AnalysisPart, Schema.optionalKey(Schema.String));
export type AnalysisErrors = typeof AnalysisErrors.Type;
