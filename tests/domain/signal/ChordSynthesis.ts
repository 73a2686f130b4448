import { musicRate } from "../../../domain/signal/MusicRate.ts";

/** A chord as semitones above the tonic, the bass first. */
export type Chord = ReadonlyArray<number>;

/** Cadences: I–IV–V7–I–vi–ii–V7–I and i–iv–V7–i–VI–ii°–V7–i. */
export const majorCadence: ReadonlyArray<Chord> = [
  [-12, 0, 4, 7],
  [-7, 0, 5, 9],
  [-5, -1, 2, 5, 7],
  [-12, 0, 4, 7],
  [-3, 0, 4, 9],
  [-10, 2, 5, 9],
  [-5, -1, 2, 5, 7],
  [-12, 0, 4, 7],
];
export const minorCadence: ReadonlyArray<Chord> = [
  [-12, 0, 3, 7],
  [-7, 0, 5, 8],
  [-5, -1, 2, 5, 7],
  [-12, 0, 3, 7],
  [-4, 0, 3, 8],
  [-10, 2, 5, 8],
  [-5, -1, 2, 5, 7],
  [-12, 0, 3, 7],
];

const CHORD_SECONDS = 0.75;

/** Six harmonics, which sound together for each note of each chord and die away with it. */
const AMPLITUDES = [0.1, 0.05, 0.04, 0.02, 0.015, 0.01];

/** The chords one after another at `musicRate`, the tonic being a MIDI note number, in a tuning of so many cents. */
export const playChords = (chords: ReadonlyArray<Chord>, tonic: number, cents = 0): Float32Array => {
  const length = Math.round(CHORD_SECONDS * musicRate);
  const decay = Math.exp(-2 / length);
  const samples = new Float32Array(chords.length * length);
  chords.forEach((chord, position) => {
    for (const semitones of chord) {
      const step = 2 * Math.PI * 440 * 2 ** ((tonic + semitones - 69 + cents / 100) / 12) / musicRate;
      AMPLITUDES.forEach((amplitude, i) => {
        // A damped sine as a resonator rings: two multiplications a sample.
        const again = 2 * decay * Math.cos((i + 1) * step), before = -decay * decay;
        let last = -amplitude * Math.sin((i + 1) * step) / decay, value = 0;
        for (let n = position * length; n < (position + 1) * length; n++) {
          samples[n]! += value;
          [last, value] = [value, again * value + before * last];
        }
      });
    }
  });
  return samples;
};
