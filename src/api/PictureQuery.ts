import { Schema } from "effect";
import { hexColour } from "../../domain/picture/Colour.ts";

const whole = (minimum: number, maximum: number) =>
  Schema.optionalKey(
    Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum })),
  );

const between = (minimum: number, maximum: number) =>
  Schema.optionalKey(Schema.NumberFromString.check(Schema.isBetween({ minimum, maximum })));

const colour = Schema.optionalKey(
  Schema.String.check(Schema.isPattern(hexColour, { expected: "a colour as rrggbb or rrggbbaa" })),
);

/** How large a picture is, in pixels of a screen; with a scale of 2 it has twice as many pixels each way. */
const size = {
  width: whole(16, 2_000),
  height: whole(16, 500),
  scale: Schema.optionalKey(Schema.Literals(["1", "2"])),
};

/** How a waveform is drawn as PNG. Colours are six hexadecimal digits, or eight with opacity. */
export const waveformPictureQuery = {
  ...size,
  /** Of what has been played; of everything unless `progress` is given. */
  color: colour,
  /** Of what has not been played. */
  unplayed: colour,
  /** Transparent unless given. */
  background: colour,
  /** The share of the picture that has been played. */
  progress: between(0, 1),
  /** With a zoom: the second at which the picture begins. */
  start: between(0, 1_000_000),
};

/** How a spectrogram is drawn. */
export const spectrogramQuery = {
  ...size,
  /** How far below the loudest, in dB, sound is still seen. */
  range: between(10, 120),
};

type Query<Fields extends Schema.Struct.Fields> = Schema.Struct.Type<Fields>;
export type WaveformPictureQuery = Query<typeof waveformPictureQuery>;
export type SpectrogramQuery = Query<typeof spectrogramQuery>;
