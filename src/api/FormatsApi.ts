import { Schema } from "effect";
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api";
import { BitDepth, OutputFormat } from "../../domain/media/OutputFormat.ts";
import { OutputRequest } from "../../domain/media/OutputSpec.ts";
import { Preset } from "../../domain/media/Preset.ts";
import { Authorization } from "./Authorization.ts";
import { Problems } from "./Problem.ts";

/** A format that conversions can be asked for. Rates in hertz, bit rates in kilobits a second. */
export const FormatJson = Schema.Struct({
  format: OutputFormat,
  name: Schema.String,
  codec: Schema.String,
  extension: Schema.String,
  mediaType: Schema.String,
  /** ffmpeg's name for what encodes it. */
  encoder: Schema.String,
  available: Schema.Boolean,
  /** Why it is not available. */
  missing: Schema.NullOr(Schema.String),
  /** `null`: every rate up to `maxSampleRate`. */
  sampleRates: Schema.NullOr(Schema.Array(Schema.Int)),
  maxSampleRate: Schema.Int,
  maxChannels: Schema.Int,
  /** Less at most at low sample rates, and in few channels; `null`: lossless. */
  bitrateKbps: Schema.NullOr(
    Schema.Struct({ min: Schema.Int, max: Schema.Int, default: Schema.NullOr(Schema.Int) }),
  ),
  /** For adaptive streaming: how many bit rates there may be, and which there are unless told; `null`: one. */
  bitratesKbps: Schema.NullOr(Schema.Struct({ max: Schema.Int, default: Schema.Array(Schema.Int) })),
  /** The scale of variable bit rates; `null`: there is none. */
  quality: Schema.NullOr(Schema.Struct({ min: Schema.Int, max: Schema.Int, best: Schema.Int })),
  /** `null`: lossy. */
  bitDepths: Schema.NullOr(Schema.Array(BitDepth)),
  /** Decoding gives as many samples as went in, with no silence added at either end. */
  gapless: Schema.Boolean,
  /** It holds a picture, and chapters. */
  cover: Schema.Boolean,
  chapters: Schema.Boolean,
});

/** Settings that go together under a name, as one output with them. */
export const PresetJson = Schema.Struct({
  preset: Preset,
  description: Schema.String,
  output: OutputRequest,
});

/** What conversions can be asked for. */
export class FormatsApi extends HttpApiGroup.make("formats")
  .add(
    HttpApiEndpoint.get("formats", "/formats", {
      success: Schema.Struct({ formats: Schema.Array(FormatJson) }),
    }).annotateMerge(
      OpenApi.annotations({
        summary: "The output formats: their limits, and whether this service's ffmpeg has the encoder",
      }),
    ),
    HttpApiEndpoint.get("presets", "/presets", {
      success: Schema.Struct({ presets: Schema.Array(PresetJson) }),
    }).annotateMerge(
      OpenApi.annotations({ summary: "The presets of conversions, and what each stands for here" }),
    ),
  )
  .middleware(Authorization)
  .middleware(Problems)
  .prefix("/api/v1") {}
