import type { MusicalKey } from "../analysis/MusicalKey.ts";
import type { Tempo } from "../analysis/Tempo.ts";
import { KeyMeter } from "./KeyMeter.ts";
import { type Errors, errorsOf, type Meter, Part, unasked } from "./Part.ts";
import { TempoMeter } from "./TempoMeter.ts";

/** A tempo, and the beats that it is the tempo of, in seconds from the start. */
export interface Rhythm {
  readonly tempo: Tempo;
  readonly beats: ArrayLike<number>;
}

/** The parts that fail alone; null where the sound is no music that they could tell of. */
export interface MusicParts {
  readonly tempo: Rhythm | null;
  readonly key: MusicalKey | null;
}

/** What is measured of the music in a signal. */
export interface MusicReport extends MusicParts {
  /** Why parts could not be measured; they are null. */
  readonly errors: Errors<keyof MusicParts>;
}

/** How the meter of each part is made. */
export type MusicMeters = { readonly [Name in keyof MusicParts]: () => Meter<MusicParts[Name]> };

export const musicMeters: MusicMeters = {
  tempo: () => new TempoMeter(),
  key: () => new KeyMeter(),
};

/** A measurement under way. */
export interface MusicAnalyser {
  /** Takes samples of one channel at `musicRate`. */
  readonly push: (mono: Float32Array) => void;
  /** The report on everything pushed. Call it once, last. */
  readonly finish: () => MusicReport;
}

/** Starts the measurement in a single pass of the parts that there are meters for; the others are null without an error. */
export const make = (meters: Partial<MusicMeters> = musicMeters): MusicAnalyser => {
  const tempo = meters.tempo && new Part(meters.tempo), key = meters.key && new Part(meters.key);
  return {
    push: (mono) => {
      tempo?.push(mono, mono.length);
      key?.push(mono, mono.length);
    },
    finish: () => {
      const rhythm = tempo?.finish() ?? unasked, tonality = key?.finish() ?? unasked;
      return { tempo: rhythm.value, key: tonality.value, errors: errorsOf({ tempo: rhythm, key: tonality }) };
    },
  };
};
