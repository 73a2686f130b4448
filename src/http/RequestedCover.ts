import { Effect, Result } from "effect";
import { Base64 } from "effect/encoding";
import { coverBounds, coverOf } from "../../domain/media/Cover.ts";
import { fail } from "../api/Problem.ts";

/** The picture that comes with a request, in Base64: its bytes, and what it is; fails unless it is within the bounds. */
export const requestedCover = Effect.fnUntraced(function* (data: string) {
  const { bytes: { request: maxBytes }, pixels } = coverBounds;
  const invalid = (detail: string) => fail("INVALID_PARAMETER", { field: "cover", detail });
  const decoded = Base64.decode(data);
  if (Result.isFailure(decoded)) return yield* invalid("The picture is not in Base64");
  const bytes = decoded.success, cover = coverOf(bytes);
  if (bytes.length > maxBytes) return yield* invalid(`The picture may have at most ${maxBytes} bytes`);
  return cover === null
    ? yield* invalid(`Send a JPEG or a PNG of at most ${pixels.max} by ${pixels.max} pixels`)
    : { bytes, cover };
});
