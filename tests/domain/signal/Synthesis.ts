/** Synthetic signals that the tests of signal maths share. All are planar: one array for each channel. */

/** A stretch of a tone: peak level in dBFS (null for silence) and length in seconds. */
export type Segment = readonly [level: number | null, seconds: number];

/** A sine whose phase runs on through segments of different level, as EBU Tech 3341 and 3342 describe their signals. */
export const tone = (
  sampleRate: number,
  segments: ReadonlyArray<Segment>,
  frequency: number = 1000,
): Float32Array => {
  const lengths = segments.map(([, seconds]) => Math.round(seconds * sampleRate));
  const samples = new Float32Array(lengths.reduce((total, length) => total + length, 0));
  let at = 0;
  segments.forEach(([level], segment) => {
    const amplitude = level === null ? 0 : 10 ** (level / 20);
    for (const end = at + lengths[segment]!; at < end; at++) {
      samples[at] = amplitude * Math.sin(2 * Math.PI * frequency * at / sampleRate);
    }
  });
  return samples;
};

/** One second of a sine of `period` samples that starts at a phase in degrees, faded in and out over 10 ms. */
export const fadedSine = (
  sampleRate: number,
  period: number,
  degrees: number,
  amplitude: number,
): Float32Array => {
  const fade = Math.round(sampleRate / 100);
  return Float32Array.from({ length: sampleRate }, (_, i) => {
    const fromEdge = Math.min(i, sampleRate - 1 - i, fade);
    const gain = 0.5 - 0.5 * Math.cos(Math.PI * fromEdge / fade);
    return gain * amplitude * Math.sin(2 * Math.PI * i / period + degrees * Math.PI / 180);
  });
};

/** White noise, uniform between ±amplitude; the same for the same seed. */
export const noise = (length: number, amplitude: number, seed: number): Float32Array => {
  let state = seed >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return amplitude * (state / 2 ** 31 - 1);
  });
};

/** The channels as frames, one after another; all have the length of the first. */
export const interleave = (...channels: ReadonlyArray<Float32Array>): Float32Array => {
  const interleaved = new Float32Array(channels.length * channels[0]!.length);
  channels.forEach((samples, channel) => {
    for (let i = 0, to = channel; i < samples.length; i++, to += channels.length) {
      interleaved[to] = samples[i]!;
    }
  });
  return interleaved;
};

/** The arrays one after another. */
export const concatenate = (...parts: ReadonlyArray<Float32Array>): Float32Array => {
  const whole = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};
