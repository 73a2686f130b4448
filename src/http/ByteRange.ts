import type { ByteRange } from "../../services/BlobStore.ts";

/**
 * What a `Range` header asks for of a content of `size` bytes (RFC 9110, section 14): one stretch, `"unsatisfiable"`, or `null` for
 * the whole content, which also answers several stretches and units or syntax that are not known.
 */
export const parseRange = (header: string | undefined, size: number): ByteRange | "unsatisfiable" | null => {
  const match = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/.exec(header ?? "");
  if (match === null) return null;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, length };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) return null;
  return start >= size ? "unsatisfiable" : { start, length: end - start + 1 };
};
