import { Schema } from "effect";
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api";
import { AnalysisCurves } from "../../domain/analysis/AnalysisCurves.ts";
import { AnalysisParts } from "../../domain/analysis/AnalysisPart.ts";
import { AnalysisId, UploadId } from "../../domain/Id.ts";
import { Transcript } from "../../domain/transcript/Transcript.ts";
import { AnalysisJson, WaveformJson } from "./AnalysisJson.ts";
import { Authorization } from "./Authorization.ts";
import { spectrogramQuery, waveformPictureQuery } from "./PictureQuery.ts";
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
    }).annotateMerge(
      OpenApi.annotations({
        summary: "The newest analysis of an upload",
        description:
          "Loudness (EBU R 128), tempo, key and facts of the signal. A part that could not be measured is `null` (of the loudness: all " +
          "its values; of the signal, perhaps, only the spectrum), with the reason in `errors`; the others are kept, and the part can be " +
          "measured again by POST. While that is under way, and after it has failed, the values are those of the analysis before. " +
          "`tempo` and `key` are also `null` for what is no music, or is shorter than 3 s, and `transcript` for silence, and where the service " +
          "has no recogniser of speech: then nothing failed, and `errors` does not name them. Warnings: `SILENT` " +
          "(every sample is zero), `CLIPPED` (three samples or more in a row at full scale), `TRUNCATED` (over 1 % and 0.2 s less than the " +
          "file declares, or an Ogg file that ends within a page), `MONO_AS_STEREO` (the difference of the channels is 60 dB or more below " +
          "their sum), `DC_OFFSET` (the mean of a " +
          "channel is more than 0.01 off zero; not told of sounds under 1 s), `INVERTED_PHASE` (the channels correlate by less than −0.9: " +
          "mixed to mono they cancel).",
      }),
    ),
    HttpApiEndpoint.get("curves", "/uploads/:id/analysis/curves", {
      params,
      query: afterQuery,
      headers: afterHeaders,
      success: AnalysisCurves,
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Loudness over time and the beats of an upload, for plotting",
        description:
          "Momentary loudness (EBU R 128, 400 ms) every 100 ms and short-term loudness (3 s) every second, in LUFS; `null` where there is " +
          "no sound. `startSeconds` is the end of the first window. A curve has at most 36,000 values: recordings of more than an hour " +
          "(ten hours for short-term loudness) have coarser steps, of which the loudest value is told. Beats are in seconds, and empty " +
          "where there is no tempo.",
      }),
    ),
    HttpApiEndpoint.post("request", "/uploads/:id/analysis", {
      params,
      /** Without a body, or without `parts` in it: all of them. */
      payload: [Schema.Struct({ parts: Schema.optionalKey(AnalysisParts) }), Schema.Null],
      success: Accepted(AnalysisId).pipe(HttpApiSchema.status(202)),
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Analyse an upload again, or parts of it",
        description:
          "Measures the given `parts` and takes everything else over from the newest completed analysis; without a body, or without `parts`, " +
          "everything is measured. `signal` brings the spectrum, the spectrogram, the warnings and the decoded duration. Where no analysis " +
          "has been completed yet, the other parts are measured too, and so is what an analysis that is still under way was to measure.",
      }),
    ),
    HttpApiEndpoint.get("waveform", "/uploads/:id/waveform", {
      params,
      query: {
        ...afterQuery,
        ...waveformPictureQuery,
        format: Schema.optionalKey(Schema.Literals(["json", "dat", "png"])),
        bits: Schema.optionalKey(Schema.Literals(["8", "16"])),
        channels: Schema.optionalKey(Schema.Literals(["mix", "split"])),
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
        HttpApiSchema.StreamUint8Array({ contentType: ["application/octet-stream", "image/png"] }),
      ],
    }).annotateMerge(
      OpenApi.annotations({
        summary: "The waveform as JSON, in audiowaveform's binary format, or as a picture",
        description:
          "Peaks of the mix to mono, as audiowaveform has them; with `channels=split`, those of each of up to 8 channels, in the order of WAVE " +
          "(version 2 of the binary format; in a picture one above the other). More channels, and analyses of earlier versions, have only the " +
          "mix. `zoom` is the number of samples in a pixel, a multiple of the finest resolution. A picture " +
          "(`format=png`) has 800 × 160 pixels unless told otherwise, with the peaks, and inside them, stronger, their root mean square " +
          "(not for the split channels of a source that has several); without a zoom it holds all of the recording, with one it begins at `start` seconds. " +
          "Colours are given as `rrggbb` or `rrggbbaa`; the share `progress` of the picture has the colour of what has been played.",
      }),
    ),
    HttpApiEndpoint.get("spectrogram", "/uploads/:id/spectrogram", {
      params,
      query: { ...afterQuery, ...spectrogramQuery },
      headers: afterHeaders,
      success: HttpApiSchema.StreamUint8Array({ contentType: "image/png" }),
    }).annotateMerge(
      OpenApi.annotations({
        summary: "The spectrogram of an upload as PNG",
        description:
          "All of the recording from left to right, 30 Hz to 20 kHz (or half of the sample rate) from bottom to top on the mel scale, the lighter " +
          "the louder: from `range` dB (80) below the loudest. 800 × 256 pixels unless told otherwise.",
      }),
    ),
    HttpApiEndpoint.get("transcript", "/uploads/:id/transcript", {
      params,
      query: { ...afterQuery, format: Schema.optionalKey(Schema.Literals(["json", "vtt", "srt"])) },
      headers: afterHeaders,
      success: [
        Transcript,
        HttpApiSchema.StreamUint8Array({ contentType: ["text/vtt", "application/x-subrip"] }),
      ],
    }).annotateMerge(
      OpenApi.annotations({
        summary: "What is said in an upload, as JSON, or as subtitles in WebVTT or SubRip",
        description:
          "Segments with their times in seconds from the start, in order, and with the `confidence` of the recogniser (0 to 1) where it tells " +
          "that; `text` is that of all segments. `language` is a tag by BCP 47, `null` where it is not known. Subtitles have one cue for each " +
          "segment. 404 where the newest analysis has no transcript: the service needs a recogniser of speech when it analyses.",
      }),
    ),
  )
  .middleware(Authorization)
  .middleware(Problems)
  .prefix("/api/v1") {}
