import { Schema } from "effect";
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api";
import { ConversionId, UploadId } from "../../domain/Id.ts";
import { OutputName } from "../../domain/media/OutputSpec.ts";
import { OutputWish, Preset } from "../../domain/media/Preset.ts";
import { Authorization } from "./Authorization.ts";
import { ConversionJson } from "./ConversionJson.ts";
import { Problems } from "./Problem.ts";
import { afterHeaders, afterQuery } from "./Reading.ts";
import { Accepted } from "./UploadJson.ts";

const params = { id: ConversionId };
const accepted = Accepted(ConversionId).pipe(HttpApiSchema.status(202));

/** Requesting, showing and steering conversions. */
export class ConversionsApi extends HttpApiGroup.make("conversions")
  .add(
    HttpApiEndpoint.post("request", "/uploads/:id/conversions", {
      params: { id: UploadId },
      payload: Schema.Struct({
        /** With a preset: what is to be different from it; without `outputs`, one as the preset has it. */
        outputs: Schema.optionalKey(Schema.Array(OutputWish)),
        preset: Schema.optionalKey(Preset),
      }),
      success: accepted,
    }).annotateMerge(OpenApi.annotations({ summary: "Convert an upload to one or more outputs" })),
    HttpApiEndpoint.get("show", "/conversions/:id", {
      params,
      query: afterQuery,
      headers: afterHeaders,
      success: ConversionJson,
    }).annotateMerge(OpenApi.annotations({ summary: "Show a conversion and its outputs" })),
    HttpApiEndpoint.post("cancel", "/conversions/:id/cancel", { params, success: accepted })
      .annotateMerge(OpenApi.annotations({ summary: "Cancel a conversion that is queued or running" })),
    HttpApiEndpoint.post("retry", "/conversions/:id/retry", { params, success: accepted })
      .annotateMerge(OpenApi.annotations({ summary: "Try a failed or cancelled conversion again" })),
    HttpApiEndpoint.get("output", "/conversions/:id/outputs/:name", {
      params: { ...params, name: OutputName },
      query: afterQuery,
      headers: afterHeaders,
      success: HttpApiSchema.StreamUint8Array(),
    }).annotateMerge(
      OpenApi.annotations({ summary: "The bytes of an output; `Range` and `ETag` are honoured" }),
    ),
  )
  .middleware(Authorization)
  .middleware(Problems)
  .prefix("/api/v1") {}
