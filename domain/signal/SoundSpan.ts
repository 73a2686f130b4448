import * as Decibels from "./Decibels.ts";

/** Which frames are examined, from `first` up to `end`, and what counts as silence. */
export interface SoundSpanOptions {
  readonly first: number;
  readonly end: number;
  /** The channel to examine; `null`: all of them. */
  readonly channel: number | null;
  /** No sample of a silence is above this level, in dBFS. */
  readonly thresholdDbfs: number;
}

/** Streaming search for the first frame that is no silence, and the end of the last one. Constant in memory. */
export class SoundSpan {
  readonly #channels: number;
  readonly #options: SoundSpanOptions;
  readonly #threshold: number;
  #frames = 0;
  #first = Infinity;
  #end = 0;

  constructor(channels: number, options: SoundSpanOptions) {
    this.#channels = channels;
    this.#options = options;
    this.#threshold = Decibels.toAmplitude(options.thresholdDbfs);
  }

  /** Examines the first `frames` frames of an interleaved buffer. */
  push(interleaved: Float32Array, frames: number): void {
    const from = Math.max(0, this.#options.first - this.#frames);
    const to = Math.min(frames, this.#options.end - this.#frames);
    let first = from, last = to - 1;
    // The beginning is looked for once, the end from behind: of what is no silence, hardly a sample is read.
    if (this.#first === Infinity) {
      while (first < to && !this.#isLoud(interleaved, first)) first++;
      if (first < to) this.#first = this.#frames + first;
    }
    while (last >= first && !this.#isLoud(interleaved, last)) last--;
    if (last >= first) this.#end = this.#frames + last + 1;
    this.#frames += frames;
  }

  /** The stretch of frames outside of which everything is silent; `null` where all is. */
  finish(): { readonly first: number; readonly end: number } | null {
    return this.#first === Infinity ? null : { first: this.#first, end: this.#end };
  }

  #isLoud(interleaved: Float32Array, frame: number): boolean {
    const { channel } = this.#options;
    const from = frame * this.#channels + (channel ?? 0);
    const to = channel === null ? from + this.#channels : from + 1;
    for (let i = from; i < to; i++) {
      if (Math.abs(interleaved[i]!) > this.#threshold) return true;
    }
    return false;
  }
}
