import { musicRate } from "./MusicRate.ts";
import { RealFft } from "./RealFft.ts";

/** Samples of a frame: at `musicRate` 372 ms, which tells semitones apart from 110 Hz up. */
export const frameSize = 8192;

const LOWEST_HZ = 55;
const HIGHEST_HZ = 2200;
const LOWEST_BIN = Math.floor(LOWEST_HZ * frameSize / musicRate);
const HIGHEST_BIN = Math.ceil(HIGHEST_HZ * frameSize / musicRate);

/** Bins on either side of the band of interest, for the envelope at its edges. */
const MARGIN = 40;
const FIRST_BIN = Math.max(0, LOWEST_BIN - MARGIN);
const END_BIN = HIGHEST_BIN + MARGIN + 1;

/** A peak is at least so much of the highest magnitude (−48 dB), and so many times the envelope around it. */
const FLOOR = 0.004;
const PROMINENCE = 1.8;

/** Full-scale sines have a magnitude of 1470: a frame whose highest is 123 dB below is silent. */
const SILENCE = 1e-3;

/** Added to what a logarithm is taken of. */
const FAINTEST = 1e-12;

/**
 * The spectral peaks between 55 and 2200 Hz of one frame after another, each with its pitch and a weight that follows the
 * magnitude only loosely: it is mostly how far the peak stands above the envelope around it (whitening), so that loud
 * partials and timbre count for less than which notes there are (Gómez, Tonal Description of Music Audio Signals, 2006).
 */
export class SpectralPeaks {
  /** Peaks found in the last frame. */
  count = 0;
  /** Their pitches as MIDI note numbers with a fraction (69 is 440 Hz), ascending, and their weights. */
  readonly pitches = new Float64Array(HIGHEST_BIN);
  readonly weights = new Float64Array(HIGHEST_BIN);
  readonly #fft = new RealFft(frameSize);
  readonly #window = blackmanHarris(frameSize);
  readonly #magnitudes = new Float64Array(END_BIN);
  /** Sums of the magnitudes of all bins from the first to before each. */
  readonly #sums = new Float64Array(END_BIN + 1);

  /** Finds the peaks of the `frameSize` samples from `offset` on. */
  find(samples: Float32Array, offset: number): void {
    this.count = 0;
    this.#fft.forward(samples, offset, this.#window);
    const highest = this.#measure();
    if (!(highest >= SILENCE)) return;
    const magnitudes = this.#magnitudes;
    for (let bin = LOWEST_BIN; bin <= HIGHEST_BIN; bin++) {
      const magnitude = magnitudes[bin]!;
      if (
        magnitude < FLOOR * highest || magnitude < magnitudes[bin - 1]! || magnitude <= magnitudes[bin + 1]!
      ) {
        continue;
      }
      const envelope = this.#envelope(bin);
      if (magnitude < PROMINENCE * envelope) continue;
      this.pitches[this.count] = pitchOfBin(bin + this.#offCentre(bin));
      this.weights[this.count] = (magnitude / (envelope + 0.02 * highest)) ** 0.8 * magnitude ** 0.25;
      this.count++;
    }
  }

  /** Fills magnitudes and sums; answers the highest magnitude. */
  #measure(): number {
    const { re, im } = this.#fft;
    const magnitudes = this.#magnitudes, sums = this.#sums;
    let highest = 0;
    for (let bin = FIRST_BIN; bin < END_BIN; bin++) {
      const magnitude = Math.sqrt(re[bin]! * re[bin]! + im[bin]! * im[bin]!);
      magnitudes[bin] = magnitude;
      sums[bin + 1] = sums[bin]! + magnitude;
      if (magnitude > highest) highest = magnitude;
    }
    return highest;
  }

  /** The mean magnitude within 12 % of a bin's frequency, two semitones either way. */
  #envelope(bin: number): number {
    const reach = Math.max(8, Math.round(0.12 * bin));
    const first = Math.max(FIRST_BIN, bin - reach), end = Math.min(END_BIN, bin + reach + 1);
    return (this.#sums[end]! - this.#sums[first]!) / (end - first);
  }

  /** Where between its neighbours a peak's top is, in bins: that of the parabola through the logarithms. */
  #offCentre(bin: number): number {
    const below = Math.log(this.#magnitudes[bin - 1]! + FAINTEST);
    const above = Math.log(this.#magnitudes[bin + 1]! + FAINTEST);
    const curvature = below - 2 * Math.log(this.#magnitudes[bin]!) + above;
    return curvature < 0 ? (below - above) / (2 * curvature) : 0;
  }
}

const pitchOfBin = (bin: number): number => 69 + 12 * Math.log2(bin * musicRate / (frameSize * 440));

/** The four-term window of Harris (1978), whose side lobes lie 92 dB down: no loud note is heard as its neighbours. */
const blackmanHarris = (size: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => {
    const angle = 2 * Math.PI * i / size;
    return 0.35875 - 0.48829 * Math.cos(angle) + 0.14128 * Math.cos(2 * angle) -
      0.01168 * Math.cos(3 * angle);
  });
