import { Schema } from "effect";
import type { OutputFormat } from "./OutputFormat.ts";

/** The picture of an album or a programme; width and height in pixels. */
export const Cover = Schema.Struct({
  mediaType: Schema.Literals(["image/jpeg", "image/png"]),
  width: Schema.Int,
  height: Schema.Int,
});
export type Cover = typeof Cover.Type;

/** Which pictures are taken: of a source, or with a request. */
export const coverBounds = {
  bytes: { source: 4 * 1024 ** 2, request: 1024 ** 2 },
  pixels: { min: 1, max: 8_192 },
} as const;

/** The formats that hold a cover, as they are written here. */
export const coverFormats: ReadonlyArray<OutputFormat> = [
  "mp3",
  "m4a",
  "alac",
  "flac",
  "ogg",
  "opus",
  "aiff",
];

/** What a picture says about itself, by its first bytes; `null` unless it is a JPEG or a PNG within the bounds. */
export const coverOf = (picture: Uint8Array): Cover | null => {
  const view = new DataView(picture.buffer, picture.byteOffset, picture.byteLength);
  const found = pngSize(view) ?? jpegSize(view);
  const { min, max } = coverBounds.pixels;
  return found && [found.width, found.height].every((side) => side >= min && side <= max) ? found : null;
};

/** The header of a PNG (RFC 2083): its signature, then the chunk `IHDR`, which begins with the size. */
const pngSize = (view: DataView): Cover | null => {
  const isPng = view.byteLength >= 33 && view.getBigUint64(0) === 0x89504e470d0a1a0an &&
    view.getUint32(12) === 0x49484452;
  return isPng ? { mediaType: "image/png", width: view.getUint32(16), height: view.getUint32(20) } : null;
};

/** The segments of a JPEG (ITU-T T.81, annex B) up to the frame header, which has the size. */
const jpegSize = (view: DataView): Cover | null => {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 9 <= view.byteLength && view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    if (isFrameHeader(marker)) {
      return { mediaType: "image/jpeg", width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
    // A marker may have any number of bytes 0xff before it.
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
};

/** SOF0 to SOF15; the numbers between are tables (DHT, DAC) and an extension (JPG). */
const isFrameHeader = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
