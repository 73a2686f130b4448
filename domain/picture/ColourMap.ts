import type { Colour } from "./Colour.ts";

const COLOURS = 256;

/** Points of the map: its hue in degrees and its chroma, at equal steps of lightness. */
const HUES = [285, 300, 330, 362, 385, 415, 455];
const CHROMAS = [0.02, 0.14, 0.2, 0.22, 0.19, 0.16, 0.09];
const DARKEST = 0.1;
const LIGHTEST = 0.97;

/**
 * 256 colours from nearly black over violet, red and orange to pale yellow. Their lightness in Oklab (Ottosson 2020) rises evenly, so that
 * equal steps of value look equally large, and are told apart without colour too.
 */
export const heatMap: ReadonlyArray<Colour> = Array.from({ length: COLOURS }, (_, i) => {
  const share = i / (COLOURS - 1);
  const hue = between(HUES, share) * Math.PI / 180, wanted = between(CHROMAS, share);
  const lightness = DARKEST + (LIGHTEST - DARKEST) * share;
  let chroma = wanted;
  let rgb = fromOklab(lightness, chroma * Math.cos(hue), chroma * Math.sin(hue));
  // As colourful as the screen can show it.
  while (rgb.some((part) => part < 0 || part > 1) && chroma > 0) {
    chroma = Math.max(0, chroma - 0.005);
    rgb = fromOklab(lightness, chroma * Math.cos(hue), chroma * Math.sin(hue));
  }
  const [red, green, blue] = rgb.map((part) => gamma(Math.max(0, Math.min(1, part))));
  return [red ?? 0, green ?? 0, blue ?? 0, 1];
});

/** The value at a share of the way through points at equal distances. */
function between(points: ReadonlyArray<number>, share: number): number {
  const at = share * (points.length - 1), low = Math.min(points.length - 2, Math.floor(at));
  return points[low]! + (points[low + 1]! - points[low]!) * (at - low);
}

/** Linear red, green and blue. */
function fromOklab(lightness: number, a: number, b: number): ReadonlyArray<number> {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
  ];
}

/** From linear light to sRGB. */
function gamma(linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}
