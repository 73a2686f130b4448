import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { crc32, deflate } from "node:zlib";
import type { Picture } from "../../domain/picture/Picture.ts";

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const indexedColour = 3;
const compress = promisify(deflate);

/** A picture in the format PNG (RFC 2083), with a palette. */
export const encodePng = async ({ width, height, palette, pixels }: Picture): Promise<Uint8Array> => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, indexedColour, 0, 0, 0], 8);
  // Every row begins with the number of its filter: none, since neighbours in a palette are not neighbours in value.
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const byte = (part: number) => Math.round(part * 255);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap(([red, green, blue]) => [byte(red), byte(green), byte(blue)]))),
    chunk("tRNS", Buffer.from(palette.map(([, , , alpha]) => byte(alpha)))),
    chunk("IDAT", await compress(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
};

/** Length, type, content, and a checksum of the last two. */
const chunk = (type: string, content: Uint8Array): Buffer => {
  const checked = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const framed = Buffer.alloc(checked.length + 8);
  framed.writeUInt32BE(content.length, 0);
  framed.set(checked, 4);
  framed.writeUInt32BE(crc32(checked), checked.length + 4);
  return framed;
};
