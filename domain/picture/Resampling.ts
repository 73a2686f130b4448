/**
 * Stretches or shrinks values along one axis, from `from` to `to` of them: each is the mean of those that it stands for, or lies between
 * its neighbours where there are fewer. Value `i` of the source is at `offset + i * stride`.
 */
export const resample = (
  source: ArrayLike<number>,
  offset: number,
  stride: number,
  from: number,
  to: number,
): Float32Array => {
  const scale = from / to;
  return Float32Array.from({ length: to }, (_, i) => {
    if (scale > 1) {
      const start = Math.floor(i * scale), end = Math.max(start + 1, Math.floor((i + 1) * scale));
      let sum = 0;
      for (let at = start; at < end; at++) sum += source[offset + at * stride]!;
      return sum / (end - start);
    }
    const position = Math.max(0, Math.min(from - 1, (i + 0.5) * scale - 0.5));
    const low = Math.floor(position), high = Math.min(from - 1, low + 1);
    const share = position - low;
    return source[offset + low * stride]! * (1 - share) + source[offset + high * stride]! * share;
  });
};
