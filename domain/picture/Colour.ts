/** A colour in sRGB: red, green, blue and opacity, 0 to 1. */
export type Colour = readonly [red: number, green: number, blue: number, alpha: number];

export const transparent: Colour = [0, 0, 0, 0];

/** The form of a colour as text: six hexadecimal digits, or eight with opacity. */
export const hexColour = /^[0-9a-f]{6}(?:[0-9a-f]{2})?$/i;

/** The colour of a text that `hexColour` matches. */
export const fromHex = (text: string): Colour => {
  const part = (at: number) => parseInt(text.slice(at, at + 2), 16) / 255;
  return [part(0), part(2), part(4), text.length === 8 ? part(6) : 1];
};

/** The colour with its opacity multiplied by a share. */
export const faded = ([red, green, blue, alpha]: Colour, share: number): Colour => [
  red,
  green,
  blue,
  alpha * share,
];

/** A colour laid over another (Porter & Duff 1984). */
export const over = (top: Colour, bottom: Colour): Colour => {
  const alpha = top[3] + bottom[3] * (1 - top[3]);
  if (alpha === 0) return transparent;
  const mixed = (part: 0 | 1 | 2) => (top[part] * top[3] + bottom[part] * bottom[3] * (1 - top[3])) / alpha;
  return [mixed(0), mixed(1), mixed(2), alpha];
};
