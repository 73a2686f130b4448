import { type MusicalKey, tonics } from "../analysis/MusicalKey.ts";
import { keyConfidence } from "./KeyConfidence.ts";
import { type KeyEvidence, keyEvidence } from "./KeyEvidence.ts";
import { musicRate } from "./MusicRate.ts";
import { pitchClasses, PitchHistogram } from "./PitchHistogram.ts";
import { frameSize, SpectralPeaks } from "./SpectralPeaks.ts";

const HOP = frameSize / 2;
const SHORTEST = 3 * musicRate;

/** A3, 220 Hz: what is below counts as bass. */
const BASS_END = 57;

/**
 * Streaming key meter for one channel at `musicRate`. The peaks of the spectrum, 370 ms at a time, are collected in a
 * histogram of pitches, whose tuning is found and taken out at the end; the key is the one whose typical distribution of
 * pitch classes fits best. Its memory does not depend on the length.
 */
export class KeyMeter {
  readonly #frame = new Float32Array(frameSize);
  readonly #peaks = new SpectralPeaks();
  readonly #all = new PitchHistogram();
  readonly #bass = new PitchHistogram();
  #filled = 0;
  #samples = 0;

  /** Adds samples, however many: the result does not depend on how they are divided. */
  push(mono: Float32Array): void {
    this.#samples += mono.length;
    for (let offset = 0; offset < mono.length;) {
      const count = Math.min(mono.length - offset, frameSize - this.#filled);
      this.#frame.set(mono.subarray(offset, offset + count), this.#filled);
      offset += count;
      this.#filled += count;
      if (this.#filled === frameSize) this.#closeFrame();
    }
  }

  /**
   * The key of everything pushed so far; null when that is shorter than 3 s, silent, or does not sound like music that has a
   * key, as noise, speech, most drums and tones of few harmonics.
   */
  finish(): MusicalKey | null {
    const evidence = this.evidence();
    return evidence === null ? null : musicalKey(evidence);
  }

  /** What the key is told from; null where there is none. */
  evidence(): KeyEvidence | null {
    if (this.#samples < SHORTEST) return null;
    const evidence = keyEvidence(this.#all, this.#bass, this.#samples / musicRate);
    return isMusic(evidence) ? evidence : null;
  }

  #closeFrame(): void {
    const peaks = this.#peaks;
    peaks.find(this.#frame, 0);
    let inBass = 0;
    while (inBass < peaks.count && peaks.pitches[inBass]! < BASS_END) inBass++;
    this.#all.add(peaks.pitches, peaks.weights, peaks.count);
    this.#bass.add(peaks.pitches, peaks.weights, inBass);
    this.#frame.copyWithin(0, HOP);
    this.#filled -= HOP;
  }
}

/**
 * Tones with their first few harmonics make up less than three pitch classes. Other sound that keeps to no scale or has few
 * pitch classes must at least fit a key well, as distorted guitars do, and speech, noise and most drums do not; in less
 * than ten seconds they may, by chance.
 */
const isMusic = ({ strengths, focus, variety, seconds }: KeyEvidence): boolean => {
  const keepsToScale = focus >= 0.25;
  if (variety < 2.9 || (!keepsToScale && seconds < 10)) return false;
  return (keepsToScale && variety >= 4) || Math.max(...strengths) >= 0.8;
};

const CANDIDATES = 5;

const musicalKey = (evidence: KeyEvidence): MusicalKey => {
  const { strengths, tuningCents } = evidence;
  const candidates = Array.from(strengths, (strength, key) => ({
    tonic: tonics[key % pitchClasses]!,
    mode: key < pitchClasses ? "major" as const : "minor" as const,
    strength: Math.max(0, strength),
  })).sort((one, other) => other.strength - one.strength).slice(0, CANDIDATES);
  const { tonic, mode } = candidates[0]!;
  return {
    tonic,
    mode,
    name: `${tonic} ${mode}`,
    confidence: keyConfidence(evidence),
    candidates,
    tuningCents,
  };
};
