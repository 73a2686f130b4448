import { musicRate } from "../../../domain/signal/MusicRate.ts";
import { noise } from "./Synthesis.ts";

/** Synthetic rhythms at `musicRate` that the tests of tempo share. */

/** The times in seconds of beats from `first` up to the end, less 0.1 s, at a tempo that may change with time. */
export const beatsAt = (bpm: number | ((second: number) => number), seconds: number, first = 0.3) => {
  const beats: Array<number> = [];
  for (let at = first; at < seconds - 0.1; at += 60 / (typeof bpm === "number" ? bpm : bpm(at))) {
    beats.push(at);
  }
  return beats;
};

/** A short click on each beat. */
export const clicks = (beats: ReadonlyArray<number>, seconds: number): Float32Array => {
  const samples = silence(seconds);
  for (const beat of beats) {
    strike(samples, beat, 0.03, (t) => 0.8 * Math.exp(-300 * t) * Math.sin(2 * Math.PI * 1000 * t));
  }
  return samples;
};

/** Kick and snare in turn on the beats, hi-hats on and between them: at half way, or later in swing. */
export const drums = (beats: ReadonlyArray<number>, seconds: number, between = 0.5): Float32Array => {
  const samples = silence(seconds);
  const rattle = noise(musicRate, 1, 7);
  const hat = (at: number) => strike(samples, at, 0.06, (t, i) => 0.15 * Math.exp(-80 * t) * rattle[i]!);
  beats.forEach((beat, i) => {
    if (i % 2 === 0) {
      strike(samples, beat, 0.2, (t) => 0.8 * Math.exp(-25 * t) * Math.sin(2 * Math.PI * 55 * t));
    } else strike(samples, beat, 0.2, (t, i) => 0.5 * Math.exp(-25 * t) * rattle[i]!);
    hat(beat);
    const next = beats[i + 1];
    if (next !== undefined) hat(beat + between * (next - beat));
  });
  return samples;
};

/** The sum of two signals, as long as the first. */
export const mixed = (a: Float32Array, b: Float32Array): Float32Array => a.map((sample, i) => sample + b[i]!);

const silence = (seconds: number) => new Float32Array(Math.round(seconds * musicRate));

const strike = (
  samples: Float32Array,
  at: number,
  seconds: number,
  tone: (t: number, i: number) => number,
): void => {
  const from = Math.round(at * musicRate);
  const to = Math.min(samples.length, from + Math.round(seconds * musicRate));
  for (let i = from; i < to; i++) samples[i]! += tone((i - from) / musicRate, i - from);
};
