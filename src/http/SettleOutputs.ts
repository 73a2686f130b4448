import { Effect, Result } from "effect";
import { type OutputRequest, type OutputSpec, settle } from "../../domain/media/OutputSpec.ts";
import { MediaEngine } from "../../services/MediaEngine.ts";
import { fail, type Problem } from "../api/Problem.ts";

/**
 * The outputs that a request asks for, settled. Fails with the first that its format, or the service's ffmpeg, cannot honour; `prefix`
 * is what the field's path begins with.
 */
export const settleOutputs = Effect.fnUntraced(function* (
  requests: ReadonlyArray<OutputRequest>,
  prefix = "",
): Effect.fn.Return<ReadonlyArray<OutputSpec>, Problem, MediaEngine> {
  const { formats } = yield* MediaEngine;
  const settled = settle(requests);
  if (Result.isFailure(settled)) {
    const { field, detail } = settled.failure;
    return yield* fail("INVALID_PARAMETER", { field: `${prefix}${field}`, detail });
  }
  for (const [index, { format }] of settled.success.entries()) {
    const { missing } = formats[format];
    if (missing !== null) {
      const detail = `${format} cannot be written here: ${missing}`;
      return yield* fail("FORMAT_UNAVAILABLE", { field: `${prefix}outputs[${index}].format`, detail });
    }
  }
  return settled.success;
});
