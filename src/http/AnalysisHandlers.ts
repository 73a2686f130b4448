import { Effect, type Result, Semaphore, Stream } from "effect";
import { HttpServerResponse } from "effect/http";
import { HttpApiBuilder } from "effect/http-api";
import type { BlobKey } from "../../domain/BlobKey.ts";
import type { UploadId } from "../../domain/Id.ts";
import { decodeSpectrogram } from "../../domain/signal/Spectrogram.ts";
import { decodeDat, encodeDat, encodeJson } from "../../domain/signal/WaveformFormat.ts";
import { decodeRms } from "../../domain/signal/WaveformRms.ts";
import { zoom } from "../../domain/signal/WaveformPeaks.ts";
import { subRip } from "../../domain/transcript/SubRip.ts";
import { Transcript } from "../../domain/transcript/Transcript.ts";
import { webVtt } from "../../domain/transcript/WebVtt.ts";
import { Actors } from "../../services/actors/Actors.ts";
import { BlobStore } from "../../services/BlobStore.ts";
import { EventStore } from "../../services/EventStore.ts";
import { nextId } from "../../services/Ids.ts";
import { newestReport } from "../../services/projections/AnalysesProjection.ts";
import { Recogniser } from "../../services/Recogniser.ts";
import { readJson } from "../../services/StoredJson.ts";
import { Views } from "../../services/views/Views.ts";
import { Api } from "../api/Api.ts";
import { Caller } from "../api/Authorization.ts";
import { fail } from "../api/Problem.ts";
import { clientCommand } from "./ClientCommand.ts";
import { orProblem } from "./Failures.ts";
import { spectrogramPicture, waveformPicture } from "./Pictures.ts";
import { links, presentAnalysis } from "./Presentation.ts";
import { caughtUp, orFresh } from "./ReadYourWrites.ts";
import { readySource } from "./ReadySource.ts";

/** How fine a waveform is when no zoom is asked for: enough for any screen. */
const pixelsByDefault = 100_000;

/** The most pixels that are written as JSON. */
const maxJsonPixels = 1_000_000;

const subtitles = {
  vtt: { contentType: "text/vtt; charset=utf-8", render: webVtt },
  srt: { contentType: "application/x-subrip; charset=utf-8", render: subRip },
};

/** Answers the requests of `AnalysesApi`. */
export const analysisHandlers = HttpApiBuilder.group(
  Api,
  "analyses",
  Effect.fnUntraced(function* (handlers) {
    const { uploads, analyses } = yield* Actors;
    const views = yield* Views;
    const store = yield* EventStore;
    const blobs = yield* BlobStore;
    const recogniser = yield* Recogniser;
    // One picture at a time: what it is drawn of may be large.
    const drawing = yield* Semaphore.make(1);

    const find = Effect.fnUntraced(function* (uploadId: UploadId) {
      const { tenantId } = yield* Caller;
      const upload = yield* orFresh(views.upload(tenantId, uploadId), views, store);
      if (upload === null || upload.status === "deleted") {
        return yield* fail("NOT_FOUND", { detail: "There is no such upload" });
      }
      const found = views.analysesOf(tenantId, [uploadId]).pipe(
        Effect.map((rows) => {
          const [row] = rows;
          return row === undefined ? null : { row, rows, upload };
        }),
      );
      return (yield* orFresh(found, views, store)) ??
        (yield* upload.status === "received"
          ? fail("NOT_READY", { detail: "The upload is still being probed; try again" })
          : upload.status === "rejected"
          ? fail("NOT_FOUND", { detail: "The upload was rejected: it has no analysis" })
          : fail("NOT_FOUND", { detail: "There is no analysis of this upload; ask for one by POST" }));
    });

    const reportOf = Effect.fnUntraced(function* (uploadId: UploadId) {
      const { row: { status }, rows } = yield* find(uploadId);
      return newestReport(rows) ?? (yield* fail("NOT_READY", { detail: `The analysis is ${status}` }));
    });

    const missing = (what: string) =>
      fail("NOT_FOUND", { detail: `The newest analysis has no ${what}; ask for another by POST` });

    /** JSON was checked when it was made; large as it may be, it is passed on as it is. */
    const passedOn = (key: BlobKey) =>
      HttpServerResponse.stream(blobs.get(key), { contentType: "application/json" });

    const read = (key: BlobKey) => Stream.mkUint8Array(blobs.get(key));

    /** An object that was made here, so that it can be read here. */
    const decoded = <A, E>(key: BlobKey, decode: (bytes: Uint8Array<ArrayBuffer>) => Result.Result<A, E>) =>
      Effect.flatMap(read(key), (bytes) => Effect.orDie(Effect.fromResult(decode(bytes))));

    return handlers
      .handle(
        "show",
        Effect.fnUntraced(function* ({ params, query, headers }) {
          yield* caughtUp(views, query, headers);
          const { row, rows, upload } = yield* find(params.id);
          return presentAnalysis({ ...row, report: newestReport(rows) }, upload.sha256);
        }, orProblem),
      )
      .handle(
        "curves",
        Effect.fnUntraced(function* ({ params, query, headers }) {
          yield* caughtUp(views, query, headers);
          const { curves } = yield* reportOf(params.id);
          if (curves === null) return yield* missing("curves");
          return passedOn(curves.key);
        }, orProblem),
      )
      .handle(
        "request",
        Effect.fnUntraced(function* ({ params, payload }) {
          const { tenantId } = yield* Caller;
          if (payload?.parts?.includes("transcript") && recogniser === null) {
            return yield* fail("INVALID_PARAMETER", {
              field: "parts",
              detail: "This service recognises no speech: that takes TAPEDECK_RECOGNISER",
            });
          }
          const { source, userId } = yield* readySource(uploads, tenantId, params.id);
          const analysisId = yield* nextId("anl");
          const { position } = yield* analyses.send({
            _tag: "RequestAnalysis",
            requested: {
              _tag: "AnalysisRequested",
              analysisId,
              uploadId: params.id,
              userId,
              source,
              ...payload,
            },
          }, yield* clientCommand(tenantId));
          return { id: analysisId, status: "queued", position, links: links.analysis(params.id) };
        }, orProblem),
      )
      .handle(
        "waveform",
        Effect.fnUntraced(function* ({ params, query, headers }) {
          yield* caughtUp(views, query, headers);
          const { waveform } = yield* reportOf(params.id);
          if (waveform === null) return yield* missing("waveform");
          const isSplit = query.channels === "split";
          const stored = isSplit ? waveform.channels : { key: waveform.key, count: 1 };
          if (stored === null) return yield* missing("waveform of the channels");
          const { samplesPerPixel: finest, length } = waveform;
          const wanted = query.zoom ?? finest * Math.ceil(length / pixelsByDefault);
          if (wanted % finest !== 0) {
            return yield* fail("INVALID_PARAMETER", {
              field: "zoom",
              detail: `Ask for a multiple of ${finest}`,
            });
          }
          const pixels = stored.count * length * finest / wanted;
          if ((query.format ?? "json") === "json" && pixels > maxJsonPixels) {
            return yield* fail("INVALID_PARAMETER", {
              field: "zoom",
              detail: `JSON has at most ${maxJsonPixels} pixels; zoom out, or ask for format=dat`,
            });
          }
          if (query.format === "png") {
            return yield* Semaphore.withPermit(
              drawing,
              Effect.gen(function* () {
                const peaks = yield* decoded(stored.key, decodeDat);
                // The levels are those of the mix.
                const rmsKey = stored.count === 1 ? waveform.rmsKey : null;
                const rms = rmsKey && decodeRms(yield* read(rmsKey));
                return yield* waveformPicture(peaks, rms, query, query.zoom);
              }),
            );
          }
          const peaks = yield* decoded(stored.key, decodeDat);
          const zoomed = zoom(peaks, wanted);
          const bits = query.bits === "16" ? 16 : 8;
          return query.format === "dat"
            ? HttpServerResponse.uint8Array(encodeDat(zoomed, bits), {
              contentType: "application/octet-stream",
              headers: { "content-disposition": 'attachment; filename="waveform.dat"' },
            })
            : HttpServerResponse.text(encodeJson(zoomed, bits), { contentType: "application/json" });
        }, orProblem),
      )
      .handle(
        "spectrogram",
        Effect.fnUntraced(function* ({ params, query, headers }) {
          yield* caughtUp(views, query, headers);
          const { spectrogram } = yield* reportOf(params.id);
          if (spectrogram === null) return yield* missing("spectrogram");
          return yield* Semaphore.withPermit(
            drawing,
            Effect.flatMap(
              decoded(spectrogram.key, decodeSpectrogram),
              (found) => spectrogramPicture(found, query),
            ),
          );
        }, orProblem),
      )
      .handle(
        "transcript",
        Effect.fnUntraced(function* ({ params, query: { format = "json", ...query }, headers }) {
          yield* caughtUp(views, query, headers);
          const { transcript } = yield* reportOf(params.id);
          if (transcript === null) return yield* missing("transcript");
          if (format === "json") return passedOn(transcript.key);
          const { contentType, render } = subtitles[format];
          const found = yield* readJson(blobs, transcript.key, Transcript);
          return HttpServerResponse.text(render(found), {
            contentType,
            headers: {
              "content-disposition": `attachment; filename="transcript.${format}"`,
              "x-content-type-options": "nosniff",
            },
          });
        }, orProblem),
      );
  }),
);
