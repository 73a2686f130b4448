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
        /** A picture in Base64 (RFC 4648): the cover of every output that keeps one, instead of the source's. */
        cover: Schema.optionalKey(Schema.Struct({ data: Schema.String })),
      }),
      success: accepted,
    }).annotateMerge(OpenApi.annotations({
      summary: "Convert an upload to one or more outputs",
      description: [
        "`GET /formats` lists what each format takes, `GET /presets` what a preset stands for. With a `preset`, `outputs` say what is to be",
        "different; without `outputs` there is one, named like the preset. `quality` takes the place of a bit rate. `hls` and `dash` take several,",
        "as `bitratesKbps`: the loudness of such an output is measured in the variant with the highest of them.",
        "The sound is processed in this order: `trim`, `silenceTrim`, `channelSelect` (from 0), `denoise`, `pitchSemitones` (the duration stays)",
        "and `speed` (the pitch stays), the mix to `channels`, `fade` (in seconds of the output), `gainDb`, `loudness`. `silenceTrim` takes",
        "silence off the `ends` (`both`) of what `trim` keeps: what comes before the first and after the last sample above `thresholdDbfs` (−60),",
        "in any channel or in the selected one; `keepSeconds` (0) of it stay. An output of which nothing is left fails. `pitchSemitones` and",
        "`speed` give exactly as many samples as the duration stands for. A mix takes centre and surrounds at −3 dB (ITU-R BS.775), scaled so that it",
        "cannot clip. `loudness` brings the output to `targetLufs`: with the mode `gain` by one gain, less than needed where the true peak would",
        "exceed `ceilingDbtp`; with `limit` by a limiter that holds the peaks. The finished file is measured again: where a lossy codec has",
        "moved the loudness, or peaks beyond the ceiling, the output is encoded again, up to twice, with the gain or the limiter that makes up for",
        "it; the ceiling comes first, and `limitedBy` says where it was in the way. A codec of few kilobits may still exceed it by some tenths of a",
        "decibel: `after` has what came out. With an `album`, the ids of 1 to 100 uploads (the converted one",
        "is counted once, listed or not), the gain is one for all: it brings the album, gated as a whole (ITU-R BS.1770-4), to the target, and its",
        "highest true peak stays below the ceiling; the result then has the `scope` `album`, and `before` is the album's. It is found from the newest analyses when the",
        "request is made (`NOT_READY` names an upload that has none; one longer than an hour counts by its own loudness), and stays the album's",
        "however the output is processed. `tags` are added to those of the source, or replace them.",
        "The cover and the chapters of the source are carried over to formats that hold them (`GET /formats`). `cover` sends another picture",
        "for all outputs, in Base64: a JPEG or PNG of at most 1 MiB and 8,192 by 8,192 pixels; an output whose `cover` is `none` has none.",
        "Pictures are never decoded: their bytes stay as they are. Of the source, the front cover is taken if it is a JPEG or PNG of at most",
        "4 MiB. Chapters follow `trim`, `silenceTrim` and `speed`; `chapters` of an output replace them, in seconds of the output, each up to the next, and",
        "none (`[]`) removes them. Those that begin after the end are left out. In MP4 a first chapter begins at 0, and Vorbis comments",
        "(FLAC, Ogg, Opus) tell no ends.",
        "What the source cannot serve for certain is refused at once. One output that fails does not fail the others: it has the status `failed`,",
        "and its `error` says why.",
      ].join(" "),
    })),
    HttpApiEndpoint.get("show", "/conversions/:id", {
      params,
      query: afterQuery,
      headers: afterHeaders,
      success: ConversionJson,
    }).annotateMerge(OpenApi.annotations({ summary: "Show a conversion and its outputs" })),
    HttpApiEndpoint.post("cancel", "/conversions/:id/cancel", { params, success: accepted })
      .annotateMerge(OpenApi.annotations({ summary: "Cancel a conversion that is queued or running" })),
    HttpApiEndpoint.post("retry", "/conversions/:id/retry", { params, success: accepted })
      .annotateMerge(OpenApi.annotations({
        summary: "Try a failed or cancelled conversion again",
        description:
          "One that is completed is refused, also where outputs of it failed: request these anew, in a conversion of their own.",
      })),
    HttpApiEndpoint.get("output", "/conversions/:id/outputs/:name", {
      params: { ...params, name: OutputName },
      query: afterQuery,
      headers: afterHeaders,
      success: HttpApiSchema.StreamUint8Array(),
    }).annotateMerge(OpenApi.annotations({
      summary: "The bytes of an output; `Range` and `ETag` are honoured",
      description:
        "Of `hls` the playlist that leads to the variants, of `dash` the manifest; `sizeBytes` and `sha256` of the output are those of all files together.",
    })),
    HttpApiEndpoint.get("outputFile", "/conversions/:id/outputs/:name/:file", {
      params: { ...params, name: OutputName, file: Schema.String },
      query: afterQuery,
      headers: afterHeaders,
      success: HttpApiSchema.StreamUint8Array(),
    }).annotateMerge(OpenApi.annotations({
      summary: "A further file of an output for streaming; `Range` and `ETag` are honoured",
      description:
        "What the playlist of `hls`, or the manifest of `dash`, leads to: playlists, initialisation segments and segments. A " +
        "player must send the API key with every request, as hls.js does in `xhrSetup`.",
    })),
  )
  .middleware(Authorization)
  .middleware(Problems)
  .prefix("/api/v1") {}
