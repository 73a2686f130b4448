import { Schema } from "effect";

/**
 * The catalogue of error codes: what a client sees as `code`, and the reason that failed jobs and rejected uploads keep.
 * `status` is the HTTP status when the error answers a request; `retryable` says whether the same request may succeed
 * later without being changed.
 */
export const catalogue = {
  ALREADY_FINISHED: { status: 409, retryable: false, title: "The job has already finished" },
  ATTEMPTS_EXHAUSTED: { status: 500, retryable: true, title: "The job failed at every attempt" },
  DECODE_FAILED: { status: 422, retryable: false, title: "The audio could not be decoded" },
  DURATION_LIMIT: { status: 422, retryable: false, title: "The audio is longer than the limit" },
  EMPTY_AUDIO: { status: 422, retryable: false, title: "There is no audio in the upload" },
  ENCODE_FAILED: { status: 422, retryable: false, title: "The output could not be encoded" },
  INTERNAL: { status: 500, retryable: true, title: "Something went wrong on our side" },
  INVALID_PARAMETER: { status: 400, retryable: false, title: "A parameter is not valid" },
  INVALID_PARAMETERS: { status: 422, retryable: false, title: "The audio's own parameters are out of range" },
  INVALID_SAMPLES: { status: 422, retryable: false, title: "The audio has samples that are not numbers" },
  MALFORMED_REQUEST: { status: 400, retryable: false, title: "The request could not be read" },
  NOT_FOUND: { status: 404, retryable: false, title: "There is nothing under this address" },
  NOT_READY: { status: 409, retryable: true, title: "The resource is not ready for this" },
  OUTPUT_LIMIT: { status: 422, retryable: false, title: "An output is larger than the limit" },
  OVERLOADED: { status: 429, retryable: true, title: "Too many requests at once" },
  PROJECTION_BEHIND: { status: 503, retryable: true, title: "The view has not caught up yet" },
  RANGE_NOT_SATISFIABLE: { status: 416, retryable: false, title: "The range lies outside the content" },
  TIME_LIMIT: { status: 422, retryable: false, title: "The job took longer than the limit" },
  UNAUTHORIZED: { status: 401, retryable: false, title: "A valid API key is needed" },
  UNAVAILABLE: { status: 503, retryable: true, title: "A part of the service is out of reach" },
  UNSUPPORTED_FORMAT: { status: 422, retryable: false, title: "This is not a supported audio format" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false, title: "This content type is not accepted here" },
  UPLOAD_REJECTED: { status: 409, retryable: false, title: "The upload was rejected" },
  UPLOAD_TOO_LARGE: { status: 413, retryable: false, title: "The upload is larger than the limit" },
} as const;

export type ErrorCode = keyof typeof catalogue;

const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(catalogue, text);

/** The codes as a schema, in the order of the catalogue. */
export const ErrorCode = Schema.Literals(Object.keys(catalogue).filter(isErrorCode));

/**
 * Why a job failed or an upload was rejected, as it is stored in events and shown to clients: the code, one sentence for
 * people, and the step in which it happened.
 */
export const Failure = Schema.Struct({
  code: ErrorCode,
  detail: Schema.String,
  stage: Schema.Literals(["receive", "probe", "decode", "encode", "store", "cleanup"]),
});
export type Failure = typeof Failure.Type;
