import * as Decibels from "./Decibels.ts";

/** A stretch of silence in seconds from the start; `end` is the first moment after it. */
export interface Silence {
  readonly start: number;
  readonly end: number;
}

/** What counts as a silence. */
export interface SilenceOptions {
  /** No sample of any channel may be above this level, in dBFS; default −60. */
  readonly thresholdDbfs?: number | undefined;
  /** Shorter ones are not reported; default 0.5. */
  readonly minimumSeconds?: number | undefined;
}

/** What was silent in a programme. */
export interface Silences {
  /**
   * Digital silence: every sample of every channel is exactly 0 (so also when there is none). A programme that is merely
   * quieter than the threshold is one long silence, but not `silent`.
   */
  readonly silent: boolean;
  /** In order of time, at most one for each `minimumSeconds`. */
  readonly silences: ReadonlyArray<Silence>;
}

/** Streaming detector of silence. */
export class SilenceDetector {
  readonly #sampleRate: number;
  readonly #channels: number;
  readonly #threshold: number;
  readonly #minimumFrames: number;
  readonly #silences: Array<Silence> = [];
  #frames = 0;
  /** The frame at which the present silence began: the first after the last loud one. */
  #quietFrom = 0;
  #silent = true;

  constructor(sampleRate: number, channels: number, options: SilenceOptions = {}) {
    const { thresholdDbfs = -60, minimumSeconds = 0.5 } = options;
    this.#sampleRate = sampleRate;
    this.#channels = channels;
    this.#threshold = Decibels.toAmplitude(thresholdDbfs);
    this.#minimumFrames = Math.max(1, Math.round(minimumSeconds * sampleRate));
  }

  /** Examines the first `frames` frames of an interleaved buffer. */
  push(interleaved: Float32Array, frames: number): void {
    const channels = this.#channels, threshold = this.#threshold, minimum = this.#minimumFrames;
    let quietFrom = this.#quietFrom, silent = this.#silent;
    for (let frame = this.#frames, first = 0; first < frames * channels; frame++, first += channels) {
      for (let i = first; i < first + channels; i++) {
        const sample = interleaved[i]!;
        if (silent && sample !== 0) silent = false;
        if (sample > threshold || -sample > threshold) {
          if (frame - quietFrom >= minimum) this.#report(quietFrom, frame);
          quietFrom = frame + 1;
          break;
        }
      }
    }
    this.#quietFrom = quietFrom;
    this.#silent = silent;
    this.#frames += frames;
  }

  /** The silences of everything pushed so far; its end also ends one. Nothing may be pushed afterwards. */
  finish(): Silences {
    if (this.#frames - this.#quietFrom >= this.#minimumFrames) this.#report(this.#quietFrom, this.#frames);
    return { silent: this.#silent, silences: this.#silences };
  }

  #report(from: number, to: number): void {
    this.#silences.push({ start: from / this.#sampleRate, end: to / this.#sampleRate });
  }
}
