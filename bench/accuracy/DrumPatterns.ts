import { musicRate } from "../../domain/signal/MusicRate.ts";

/** One bar as strings of steps, `x` loud, `-` soft, `.` nothing, and how many steps are one beat. */
interface Pattern {
  readonly stepsPerBeat: number;
  readonly kick: string;
  readonly snare: string;
  readonly hat: string;
  /** Where the second of two steps begins, as a share of both; ½ is straight. */
  readonly swing?: number;
  /** The range of tempi in which a listener would count so. */
  readonly slowest: number;
  readonly fastest: number;
}

const PATTERNS: Readonly<Record<string, Pattern>> = {
  clicks: { stepsPerBeat: 1, kick: ".", snare: ".", hat: "x", slowest: 50, fastest: 210 },
  accents: { stepsPerBeat: 1, kick: "....", snare: ".", hat: "x---", slowest: 50, fastest: 200 },
  rock: {
    stepsPerBeat: 2,
    kick: "x...x...",
    snare: "..x...x.",
    hat: "x-x-x-x-",
    slowest: 75,
    fastest: 180,
  },
  sixteenths: {
    stepsPerBeat: 4,
    kick: "x..-..x...x.....",
    snare: "....x..-....x...",
    hat: "x-x-x-x-x-x-x-x-",
    slowest: 65,
    fastest: 120,
  },
  house: {
    stepsPerBeat: 4,
    kick: "x...x...x...x...",
    snare: "....-.......-...",
    hat: "..x...x...x...x.",
    slowest: 105,
    fastest: 140,
  },
  breakbeat: {
    stepsPerBeat: 4,
    kick: "x.x.......xx....",
    snare: "....x..-.-..x..-",
    hat: "x.x.x.x.x.x.x.x.",
    slowest: 95,
    fastest: 175,
  },
  shuffle: {
    stepsPerBeat: 2,
    swing: 2 / 3,
    kick: "x...x...",
    snare: "..x...x.",
    hat: "x-x-x-x-",
    slowest: 70,
    fastest: 170,
  },
  swing: {
    stepsPerBeat: 2,
    swing: 2 / 3,
    kick: "-.-.-.-.",
    snare: "........",
    hat: "x.x-x.x-",
    slowest: 100,
    fastest: 190,
  },
  waltz: { stepsPerBeat: 2, kick: "x.....", snare: "..-.-.", hat: "x.x-x-", slowest: 80, fastest: 180 },
  ballad: {
    stepsPerBeat: 2,
    kick: "x....-x.",
    snare: "..x...x.",
    hat: "xxxxxxxx",
    slowest: 60,
    fastest: 95,
  },
};

/** A generated stretch of drums with its tempo. */
export interface DrumPattern {
  readonly bpm: number;
  readonly samples: Float32Array;
}

const SECONDS = 16;

/** Every pattern at several tempi, with more and less noise beside; the same each time. */
export const drumPatterns = (tempiEach: number): ReadonlyArray<DrumPattern> =>
  Object.values(PATTERNS).flatMap((pattern, index) =>
    Array.from({ length: tempiEach }, (_, i) => {
      const random = uniform(1000 * index + i);
      const share = (i + 0.5 + 0.5 * random()) / tempiEach;
      const bpm = pattern.slowest * (pattern.fastest / pattern.slowest) ** share;
      return { bpm, samples: played(pattern, bpm, random) };
    })
  );

/** Numbers from −1 to 1, the same for the same seed. */
const uniform = (seed: number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
};

const played = (
  { stepsPerBeat, kick, snare, hat, swing = 0.5 }: Pattern,
  bpm: number,
  random: () => number,
) => {
  const floor = 10 ** (-2.5 + random()) / 2, bright = 6000 + 3000 * random(), level = 0.2 + 0.1 * random();
  const samples = Float32Array.from({ length: SECONDS * musicRate }, () => floor * random());
  const tones = {
    kick: (t: number) => 0.8 * Math.exp(-t * 25) * Math.sin(2 * Math.PI * (50 * t - 4 * Math.exp(-t * 30))),
    snare: (t: number) => 0.5 * Math.exp(-t * 25) * random(),
    hat: (t: number) => level * Math.exp(-t * 80) * (random() + Math.sin(2 * Math.PI * bright * t)),
  };
  const start = 0.3 + 0.2 * random();
  const add = (tone: (t: number) => number, gain: number, at: number) => {
    const from = Math.round(at * musicRate), to = Math.min(samples.length, from + 0.2 * musicRate);
    for (let i = from; i < to; i++) samples[i]! += gain * tone((i - from) / musicRate);
  };
  for (let step = 0;; step++) {
    const late = step % 2 === 1 ? 2 * swing - 1 : 0;
    const at = start + (step + late) * 60 / bpm / stepsPerBeat + 0.003 * random();
    if (at >= SECONDS) return samples;
    for (const [bar, tone] of [[kick, tones.kick], [snare, tones.snare], [hat, tones.hat]] as const) {
      const mark = bar[step % bar.length];
      if (mark !== ".") add(tone, mark === "x" ? 1 : 0.4, at);
    }
  }
};
