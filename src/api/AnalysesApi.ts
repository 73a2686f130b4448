import { Schema } from "effect";
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api";
import { AnalysisId, UploadId } from "../../domain/Id.ts";
import { AnalysisJson, WaveformJson } from "./AnalysisJson.ts";
import { Authorization } from "./Authorization.ts";
import { Problems } from "./Problem.ts";
import { afterHeaders, afterQuery } from "./Reading.ts";
import { Accepted } from "./UploadJson.ts";

const params = { id: UploadId };

/** What was measured in an upload. */
export class AnalysesApi extends HttpApiGroup.make("analyses")
  .add(
    HttpApiEndpoint.get("show", "/uploads/:id/analysis", {
      params,
      query: afterQuery,
      headers: afterHeaders,
      success: AnalysisJson,
    }).annotateMerge(OpenApi.annotations({ summary: "The newest analysis of an upload" })),
    HttpApiEndpoint.post("request", "/uploads/:id/analysis", {
      params,
      success: Accepted(AnalysisId).pipe(HttpApiSchema.status(202)),
    }).annotateMerge(OpenApi.annotations({ summary: "Analyse an upload again" })),
    HttpApiEndpoint.get("waveform", "/uploads/:id/waveform", {
      params,
      query: {
        ...afterQuery,
        format: Schema.optionalKey(Schema.Literals(["json", "dat"])),
        bits: Schema.optionalKey(Schema.Literals(["8", "16"])),
        /** Samples in each pixel: a multiple of the finest resolution. */
        zoom: Schema.optionalKey(
          Schema.NumberFromString.check(
            Schema.isInt(),
            Schema.isBetween({ minimum: 1, maximum: 10_000_000 }),
          ),
        ),
      },
      headers: afterHeaders,
      success: [
        WaveformJson,
        HttpApiSchema.StreamUint8Array(),
      ],
    }).annotateMerge(
      OpenApi.annotations({ summary: "Waveform peaks, as JSON or in audiowaveform's binary format" }),
    ),
  )
  .middleware(Authorization)
  .middleware(Problems)
  .prefix("/api/v1") {}
