import { type Duration, Effect, Layer, Redacted, Schedule, Schema, Stream } from "effect";
import { FetchHttpClient, HttpClient, type HttpClientError, HttpClientRequest } from "effect/http";
import type { Segment } from "../../domain/transcript/Transcript.ts";
import { Recogniser, RecogniserError, type SpeechFile, unreadable } from "../../services/Recogniser.ts";
import { languageCode } from "./LanguageNames.ts";
import { type SpeechPiece, speechPieces } from "./SpeechPieces.ts";

/** A service with OpenAI's interface for transcriptions. */
export interface OpenAiOptions {
  /** What `/audio/transcriptions` follows, such as `https://api.openai.com/v1`. */
  readonly url: string;
  /** It must be one that answers `verbose_json`. */
  readonly model: string;
  readonly key: Redacted.Redacted | null;
  /** By ISO 639-1; `null`: the service finds out. */
  readonly language: string | null;
  /** How long to wait before the first of four repetitions, unless the service asks for longer; twice as long before each next. */
  readonly firstPause?: Duration.Input;
}

/** What is read of an answer `verbose_json`; `avg_logprob` is the mean of the logarithms of the probabilities of its words. */
const Answer = Schema.fromJsonString(Schema.Struct({
  language: Schema.optionalKey(Schema.NullOr(Schema.String)),
  segments: Schema.Array(Schema.Struct({
    start: Schema.Finite,
    end: Schema.Finite,
    text: Schema.String,
    avg_logprob: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
  })),
}));

const answerCharacters = 16 * 1024 ** 2;
const detailCharacters = 500;
/** More than is told of an answer that is no success, so that no part of a key is left at its end. */
const errorCharacters = 16 * detailCharacters;

/**
 * Sends the file in pieces of ten minutes, one after another, to a service with OpenAI's interface, as it is: compressed it would be
 * smaller, but the pieces would not begin where they should. A service that is busy, fails, or cannot be reached is asked again; ten
 * minutes, and four times as long as a piece lasts, are all that is spent on it.
 */
export const layer = (options: OpenAiOptions): Layer.Layer<never> =>
  Layer.effect(
    Recogniser,
    Effect.map(HttpClient.HttpClient, (client) => {
      const send = sender(client, options);
      return {
        name: { name: "openai", model: options.model },
        transcribe: Effect.fn("OpenAiTranscriptions.transcribe")(
          ({ path, seconds, onProgress }: SpeechFile) =>
            Stream.fromAsyncIterable(
              speechPieces(path),
              (cause) => new RecogniserError({ reason: "Unavailable", detail: String(cause) }),
            ).pipe(
              Stream.mapEffect((piece) =>
                Effect.tap(
                  send(piece),
                  onProgress(Math.min(1, (piece.startSeconds + piece.seconds) / seconds)),
                )
              ),
              Stream.runCollect,
              Effect.map((answers) => ({
                language: answers.find(({ language }) => language !== null)?.language ?? options.language,
                segments: answers.flatMap(({ segments }) => segments),
              })),
            ),
        ),
      };
    }),
  ).pipe(Layer.provide(FetchHttpClient.layer));

const sender = (plain: HttpClient.HttpClient, { url, model, key, language, firstPause }: OpenAiOptions) => {
  const client = plain.pipe(
    HttpClient.filterStatusOk,
    HttpClient.retryTransient({ schedule: Schedule.exponential(firstPause ?? "2 seconds"), times: 4 }),
  );
  return Effect.fnUntraced(
    function* ({ startSeconds, wav }: SpeechPiece) {
      const request = HttpClientRequest.post(`${url}/audio/transcriptions`).pipe(
        HttpClientRequest.acceptJson,
        key === null ? (request) => request : HttpClientRequest.bearerToken(key),
        HttpClientRequest.bodyFormDataRecord({
          file: new File([wav], "speech.wav", { type: "audio/wav" }),
          model,
          response_format: "verbose_json",
          language,
        }),
      );
      const response = yield* client.execute(request);
      const answer = yield* Schema.decodeEffect(Answer)(yield* bounded(response.stream, answerCharacters));
      return {
        language: answer.language ? languageCode(answer.language) : null,
        segments: answer.segments.map(({ start, end, text, avg_logprob }): Segment => ({
          startSeconds: startSeconds + start,
          endSeconds: startSeconds + end,
          text,
          ...(typeof avg_logprob === "number" && { confidence: Math.exp(avg_logprob) }),
        })),
      };
    },
    Effect.catchTags({
      HttpClientError: (error) =>
        Effect.flatMap(
          explain(error),
          ({ reason, detail }) =>
            Effect.fail(new RecogniserError({ reason, detail: withoutKey(detail, key) })),
        ),
      SchemaError: (error) => Effect.fail(unreadable(error)),
    }),
    (effect, { seconds }) =>
      Effect.timeoutOrElse(effect, {
        duration: `${600 + 4 * seconds} seconds`,
        orElse: () =>
          Effect.fail(new RecogniserError({ reason: "Unavailable", detail: "it did not answer in time" })),
      }),
  );
};

/** The beginning of a text: JSON of which the end is missing cannot be read. */
const bounded = <E>(stream: Stream.Stream<Uint8Array, E>, characters: number) => {
  let read = 0;
  return stream.pipe(
    Stream.decodeText(),
    Stream.takeUntil((text) => (read += text.length) > characters),
    Stream.mkString,
    Effect.map((text) => text.slice(0, characters)),
  );
};

/** Services quote keys that they refuse, and so does `fetch` with one that no header can have. */
const withoutKey = (detail: string, key: Redacted.Redacted | null): string =>
  (key === null ? detail : detail.replaceAll(Redacted.value(key), "…")).slice(0, detailCharacters);

/** Not yet in words that may be logged: it may hold the key. */
const explain = Effect.fnUntraced(function* ({ reason }: HttpClientError.HttpClientError) {
  if (reason._tag !== "StatusCodeError") {
    const { _tag, description, cause } = reason;
    // That fetch failed is told by its error; why, by the cause of that.
    const why = cause instanceof Error ? cause.cause ?? cause : description;
    return { reason: "Unavailable" as const, detail: `${_tag}: ${why}` };
  }
  const { status, stream } = reason.response;
  const said = yield* Effect.orElseSucceed(bounded(stream, errorCharacters), () => "");
  return {
    reason: HttpClient.isTransientResponse(reason.response) ? "Unavailable" as const : "Refused" as const,
    detail: `it answered ${status}: ${said}`,
  };
});
