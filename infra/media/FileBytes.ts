import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";

/** `length` bytes of a file from a position on; zeros where it ends before. */
export const readAt = async (file: FileHandle, position: number, length: number): Promise<Buffer> =>
  (await file.read(Buffer.alloc(length), 0, length, position)).buffer;

/** The same, but no more than there is. */
export const readUpTo = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
};
