import { Buffer } from "node:buffer";
import { coverOf } from "../../domain/media/Cover.ts";

const frontCover = 3;

/** A picture with what a reader wants to know of it: the structure that FLAC and Ogg hold pictures in (RFC 9639, 8.8). */
export const pictureBlock = (picture: Uint8Array): Buffer | null => {
  const cover = coverOf(picture);
  if (cover === null) return null;
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const text = (value: string) => [number(value.length), Buffer.from(value, "latin1")];
  return Buffer.concat([
    ...[number(frontCover), ...text(cover.mediaType), ...text("")],
    // The number of bits of a pixel and of colours is not known.
    ...[number(cover.width), number(cover.height), number(0), number(0)],
    ...[number(picture.length), picture],
  ]);
};

/**
 * A FLAC file without samples that has a picture: of pictures as they are, ffmpeg would have to decode the beginning to know their
 * size, and cannot copy one without it.
 */
export const coverFile = (block: Uint8Array): Buffer => {
  // The smallest and the largest block; then 44.1 kHz, mono, 16 bits (RFC 9639, 8.2).
  const info = Buffer.alloc(34);
  info.writeUInt16BE(4_096, 0);
  info.writeUInt16BE(4_096, 2);
  info.writeBigUInt64BE(44_100n << 44n | 15n << 36n, 10);
  return Buffer.concat([Buffer.from("fLaC"), header(0x00, info), info, header(0x86, block), block]);
};

/** The type of a metadata block, with the highest bit set for the last one, and its length. */
const header = (type: number, { length }: Uint8Array): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  bytes.writeUInt8(type);
  return bytes;
};
