import { Effect, Result } from "effect";
import type { OutputFormat } from "../../domain/media/OutputFormat.ts";
import { durationSlack, type MediaFacts } from "../../domain/media/MediaFacts.ts";
import { type OutputRequest, type OutputSpec, settle } from "../../domain/media/OutputSpec.ts";
import { adapt, outputOf, type OutputWish, type Preset } from "../../domain/media/Preset.ts";
import { obstacle, secondsAfter } from "../../domain/media/Processing.ts";
import { MediaEngine } from "../../services/MediaEngine.ts";
import { fail, type Problem } from "../api/Problem.ts";

/** Outputs as a client asks for them: each one's own wishes, and the preset that says the rest. */
export interface OutputWishes {
  readonly outputs?: ReadonlyArray<OutputWish>;
  readonly preset?: Preset;
}

/**
 * The outputs that a request asks for, settled. Fails with the first that its format, or the service's ffmpeg, cannot honour; `prefix`
 * is what the field's path begins with.
 */
export const settleOutputs = Effect.fnUntraced(function* (
  wishes: OutputWishes,
  prefix = "",
): Effect.fn.Return<ReadonlyArray<OutputSpec>, Problem, MediaEngine> {
  const { formats } = yield* MediaEngine;
  const requests = yield* expand(wishes, (format) => formats[format].missing === null, prefix);
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

const expand = Effect.fnUntraced(function* (
  { outputs, preset }: OutputWishes,
  isAvailable: (format: OutputFormat) => boolean,
  prefix: string,
): Effect.fn.Return<ReadonlyArray<OutputRequest>, Problem> {
  if (preset !== undefined) {
    const output = outputOf(preset, isAvailable);
    return outputs?.map((wish) => adapt(output, wish)) ?? [{ name: preset, ...output }];
  }
  const requests: Array<OutputRequest> = [];
  for (const [index, wish] of (outputs ?? []).entries()) {
    const { format } = wish;
    if (format === undefined) {
      return yield* fail("INVALID_PARAMETER", {
        field: `${prefix}outputs[${index}].format`,
        detail: "Name a format, or a preset for all outputs",
      });
    }
    requests.push({ ...wish, format });
  }
  return requests;
});

/**
 * Fails with the first output that a source cannot serve, or that would be too long, whatever the source's true duration turns out to
 * be: what cannot be told for sure is left to the render.
 */
export const refuseImpossible = Effect.fnUntraced(function* (
  outputs: ReadonlyArray<OutputSpec>,
  media: MediaFacts,
  maxDurationSeconds: number,
): Effect.fn.Return<void, Problem> {
  const slack = durationSlack(media.durationSeconds);
  const longest = { ...media, durationSeconds: media.durationSeconds + slack };
  for (const [index, output] of outputs.entries()) {
    const isTooLong = output.silenceTrim === undefined &&
      secondsAfter(output, media.durationSeconds - slack) > maxDurationSeconds;
    const found = isTooLong
      ? {
        field: "speed",
        detail: `The output would be longer than the ${maxDurationSeconds} seconds allowed`,
      }
      : obstacle(output, longest) && obstacle(output, media);
    if (found) {
      yield* fail("INVALID_PARAMETER", { field: `outputs[${index}].${found.field}`, detail: found.detail });
    }
  }
});
