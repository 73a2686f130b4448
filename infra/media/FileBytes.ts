import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";

/** `length` bytes of a file from a position on; zeros where it ends before. */
export const readAt = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const buffer = Buffer.alloc(length);
  await file.read(buffer, 0, length, position);
  return buffer;
};
