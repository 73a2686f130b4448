import type { StoredData, Upcaster } from "../event/Upcaster.ts";

const isObject = (value: unknown): value is StoredData =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const changed = (value: unknown, change: (fields: StoredData) => StoredData): unknown =>
  isObject(value) ? change(value) : value;

/**
 * Version 2 of a report has tempo, key, stereo image, spectrum, curves, transcript and errors, and a version of each part's analyser.
 * Before, nothing of that was measured, nothing failed alone, and one version stood for all.
 */
const measureMore: Upcaster = (data) => ({
  ...data,
  report: changed(data["report"], (report) => ({
    ...report,
    tempo: null,
    key: null,
    signal: changed(report["signal"], (signal) => ({
      ...signal,
      stereoCorrelation: null,
      balanceDb: null,
      spectrum: null,
    })),
    waveform: changed(report["waveform"], (waveform) => ({ ...waveform, rmsKey: null, channels: null })),
    curves: null,
    spectrogram: null,
    transcript: null,
    analyserVersion: {
      loudness: report["analyserVersion"],
      tempo: 0,
      key: 0,
      signal: report["analyserVersion"],
      waveform: report["analyserVersion"],
      transcript: 0,
    },
    errors: {},
  })),
});

/** What leads from each version of an event of analyses to the next. */
export const analysisUpcasters = { AnalysisCompleted: [measureMore] } as const;
