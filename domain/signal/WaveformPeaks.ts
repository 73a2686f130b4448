import type { NumberSink } from "./NumberBlocks.ts";
import { type Int16Conversion, int16Conversions, type SampleKind } from "./SampleKind.ts";

/** How many pixels a waveform has, and of what. */
export interface WaveformSize {
  readonly sampleRate: number;
  readonly samplesPerPixel: number;
  readonly length: number;
}

/**
 * The lowest and highest sample of each pixel of a waveform as 16-bit integers, of each of its channels: what BBC audiowaveform 1.10
 * computes from the same samples. `data` holds, for each of `length` pixels, a minimum and a maximum of each channel.
 */
export interface WaveformPeaks extends WaveformSize {
  readonly channels: number;
  readonly data: Int16Array<ArrayBuffer>;
}

/** How many channels have their peaks found apart: `null` where they are too many. For one channel these are the peaks of the mix. */
export const channelsApart = (channels: number): number | null => channels > 8 ? null : channels;

/** Where a meter puts its peaks, a minimum and a maximum at a time: those of the mix to mono, and those of 2 to 8 channels apart. */
export interface PeakSinks {
  readonly mix: NumberSink;
  readonly apart: NumberSink | null;
}

/** How a waveform is measured. */
export interface WaveformOptions {
  /** Frames in a pixel; default 256. */
  readonly samplesPerPixel?: number | undefined;
  /** Default `integer`. */
  readonly samples?: SampleKind | undefined;
}

/** Above any sum of samples; an integer, for faster comparison than with infinity. */
const LIMIT = 2 ** 24;

/** Streaming peak meter for interleaved samples of any number of channels. */
export class WaveformMeter {
  readonly #sampleRate: number;
  readonly #channels: number;
  readonly #samplesPerPixel: number;
  readonly #conversion: Int16Conversion;
  readonly #mix: NumberSink;
  readonly #apart: NumberSink | null;
  /** Pixels that are closed. */
  #length = 0;
  /** Frames in the open pixel, the extremes of its channels, and those of the sums of its frames as 16-bit integers. */
  #open = 0;
  readonly #lows: Float32Array;
  readonly #highs: Float32Array;
  #lowest = LIMIT;
  #highest = -LIMIT;

  constructor(sampleRate: number, channels: number, sinks: PeakSinks, options: WaveformOptions = {}) {
    this.#sampleRate = sampleRate;
    this.#channels = channels;
    this.#samplesPerPixel = options.samplesPerPixel ?? 256;
    this.#conversion = int16Conversions[options.samples ?? "integer"];
    this.#mix = sinks.mix;
    this.#apart = channels === 1 ? sinks.mix : sinks.apart;
    this.#lows = new Float32Array(channels).fill(Infinity);
    this.#highs = new Float32Array(channels).fill(-Infinity);
  }

  /** Adds the first `frames` frames of an interleaved buffer. */
  push(interleaved: Float32Array, frames: number): void {
    const channels = this.#channels;
    for (let offset = 0; offset < frames;) {
      const count = Math.min(frames - offset, this.#samplesPerPixel - this.#open);
      const start = offset * channels, end = start + count * channels;
      if (channels === 2) this.#pushStereo(interleaved, start, end);
      else {
        this.#pushChannels(interleaved, start, end);
        if (channels > 2) this.#pushMix(interleaved, start, end);
      }
      this.#open += count;
      offset += count;
      if (this.#open === this.#samplesPerPixel) this.#closePixel();
    }
  }

  /** Closes the last pixel, perhaps of fewer frames, and tells what the sinks hold now. Nothing may be pushed afterwards. */
  finish(): WaveformSize {
    if (this.#open > 0) this.#closePixel();
    return { sampleRate: this.#sampleRate, samplesPerPixel: this.#samplesPerPixel, length: this.#length };
  }

  /** Conversion keeps the order of samples, so that only the extremes need it. */
  #pushChannels(interleaved: Float32Array, start: number, end: number): void {
    const channels = this.#channels;
    for (let channel = 0; channel < channels; channel++) {
      let low = this.#lows[channel]!, high = this.#highs[channel]!;
      for (let i = start + channel; i < end; i += channels) {
        const sample = interleaved[i]!;
        if (sample < low) low = sample;
        if (sample > high) high = sample;
      }
      this.#lows[channel] = low;
      this.#highs[channel] = high;
    }
  }

  #pushMix(interleaved: Float32Array, start: number, end: number): void {
    const channels = this.#channels, { toInt16 } = this.#conversion;
    let lowest = this.#lowest, highest = this.#highest;
    for (let i = start; i < end;) {
      let sum = 0;
      for (const next = i + channels; i < next; i++) sum += toInt16(interleaved[i]!);
      if (sum < lowest) lowest = sum;
      if (sum > highest) highest = sum;
    }
    this.#lowest = lowest;
    this.#highest = highest;
  }

  /** Both at once for the common case. Unless samples are clamped, only frames whose sum comes near the extremes need conversion. */
  #pushStereo(interleaved: Float32Array, start: number, end: number): void {
    const { scale, toInt16 } = this.#conversion, lows = this.#lows, highs = this.#highs;
    let lowLeft = lows[0]!, highLeft = highs[0]!, lowRight = lows[1]!, highRight = highs[1]!;
    let lowest = this.#lowest, highest = this.#highest;
    // Two samples move by less than two, and the next extreme is at least one away.
    let below = (lowest + 1) / scale, above = (highest - 1) / scale;
    for (let i = start; i < end; i += 2) {
      const left = interleaved[i]!, right = interleaved[i + 1]!, mix = left + right;
      if (left < lowLeft) lowLeft = left;
      if (left > highLeft) highLeft = left;
      if (right < lowRight) lowRight = right;
      if (right > highRight) highRight = right;
      if (mix < below || mix > above) {
        const sum = toInt16(left) + toInt16(right);
        lowest = Math.min(lowest, sum);
        highest = Math.max(highest, sum);
        below = (lowest + 1) / scale;
        above = (highest - 1) / scale;
      }
    }
    this.#lowest = lowest;
    this.#highest = highest;
    lows[0] = lowLeft;
    lows[1] = lowRight;
    highs[0] = highLeft;
    highs[1] = highRight;
    if (Math.min(lowLeft, lowRight) < -1 || Math.max(highLeft, highRight) >= 1) {
      this.#pushMix(interleaved, start, end);
    }
  }

  #closePixel(): void {
    const channels = this.#channels, { toInt16 } = this.#conversion;
    for (let channel = 0; this.#apart !== null && channel < channels; channel++) {
      this.#apart.push(toInt16(this.#lows[channel]!));
      this.#apart.push(toInt16(this.#highs[channel]!));
    }
    if (channels > 1) {
      // The mean of a frame grows with its sum, so that the extremes can be divided last.
      this.#mix.push(Math.trunc(this.#lowest / channels));
      this.#mix.push(Math.trunc(this.#highest / channels));
    }
    this.#length++;
    this.#open = 0;
    this.#lows.fill(Infinity);
    this.#highs.fill(-Infinity);
    this.#lowest = LIMIT;
    this.#highest = -LIMIT;
  }
}

/**
 * Peaks at a coarser level, the same as computed from the samples. Throws a `RangeError` unless `samplesPerPixel` is a
 * multiple of that of `peaks`.
 */
export const zoom = (peaks: WaveformPeaks, samplesPerPixel: number): WaveformPeaks => {
  const factor = samplesPerPixel / peaks.samplesPerPixel;
  if (!Number.isInteger(factor) || factor < 1) {
    throw new RangeError(
      `${samplesPerPixel} samples per pixel are not a multiple of ${peaks.samplesPerPixel}`,
    );
  }
  const length = Math.ceil(peaks.length / factor);
  const step = 2 * peaks.channels;
  const data = new Int16Array(step * length);
  for (let at = 0; at < data.length; at += 2) {
    let lowest = Infinity, highest = -Infinity;
    const first = Math.floor(at / step) * step * factor + at % step;
    const end = Math.min(peaks.data.length, first + step * factor);
    for (let i = first; i < end; i += step) {
      lowest = Math.min(lowest, peaks.data[i]!);
      highest = Math.max(highest, peaks.data[i + 1]!);
    }
    data[at] = lowest;
    data[at + 1] = highest;
  }
  return { ...peaks, samplesPerPixel, length, data };
};
