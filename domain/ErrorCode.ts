import { Schema } from "effect";

/**
 * The catalogue of error codes: what a client sees as `code`, and the reason that failed jobs and rejected uploads keep.
 * `status` is the HTTP status when the error answers a request; `retryable` says whether the same request may succeed
 * later without being changed; `advice` is what to do next.
 */
export const catalogue = {
  ALREADY_FINISHED: {
    status: 409,
    retryable: false,
    title: "The job has already finished",
    advice: "Look at the job; a completed conversion can be requested anew.",
  },
  ATTEMPTS_EXHAUSTED: {
    status: 500,
    retryable: true,
    title: "The job failed at every attempt",
    advice: "Retry the job; if it fails again, look at the service's logs under the job's id.",
  },
  DEADLINE_EXCEEDED: {
    status: 503,
    retryable: true,
    title: "The service was too busy to do this in time",
    advice: "Send the request again after the time in `Retry-After`; nothing was changed.",
  },
  DECODE_FAILED: {
    status: 422,
    retryable: false,
    title: "The audio could not be decoded",
    advice: "Check that the file plays; upload an intact copy.",
  },
  DURATION_LIMIT: {
    status: 422,
    retryable: false,
    title: "The audio is longer than the limit",
    advice: "Upload shorter parts, or raise `TAPEDECK_MAX_DURATION_SECONDS`.",
  },
  EMPTY_AUDIO: {
    status: 422,
    retryable: false,
    title: "There is no audio in the upload",
    advice: "Check that the file has samples and was sent whole.",
  },
  ENCODE_FAILED: {
    status: 422,
    retryable: false,
    title: "The output could not be encoded",
    advice: "Ask for another bit rate, sample rate or channel count; the detail has the encoder's own words.",
  },
  FORBIDDEN: {
    status: 403,
    retryable: false,
    title: "The API key may not do this",
    advice: "Use a key with the scope that the detail names.",
  },
  FORMAT_UNAVAILABLE: {
    status: 422,
    retryable: false,
    title: "The ffmpeg of this service cannot write the format",
    advice:
      "Ask for a format that `GET /api/v1/formats` lists as available, or install an ffmpeg with its encoder.",
  },
  INTERNAL: {
    status: 500,
    retryable: true,
    title: "Something went wrong on our side",
    advice: "Try again; if it persists, report the `traceId`.",
  },
  INVALID_PARAMETER: {
    status: 400,
    retryable: false,
    title: "A parameter is not valid",
    advice: "Correct the parameter that `field` names.",
  },
  INVALID_PARAMETERS: {
    status: 422,
    retryable: false,
    title: "The audio's own parameters are out of range",
    advice: "Resample the audio: 2 kHz to 384 kHz and 1 to 16 channels are taken.",
  },
  INVALID_SAMPLES: {
    status: 422,
    retryable: false,
    title: "The audio has samples that are not numbers",
    advice: "Export the audio again: it holds NaN or infinite samples.",
  },
  LOG_FILE_REFUSED: {
    status: 422,
    retryable: false,
    title: "The file is not a whole and intact log",
    advice: "Export the log again; nothing of this file was written.",
  },
  LOG_NOT_EMPTY: {
    status: 409,
    retryable: false,
    title: "The log has events already",
    advice: "Import into a service that has no events yet: a fresh data directory or database.",
  },
  MALFORMED_REQUEST: {
    status: 400,
    retryable: false,
    title: "The request could not be read",
    advice: "Check the request's syntax, and that its body was sent to the end.",
  },
  NOT_FOUND: {
    status: 404,
    retryable: false,
    title: "There is nothing under this address",
    advice: "Check the id and the API key: ids of other tenants do not exist for you.",
  },
  NOT_READY: {
    status: 409,
    retryable: true,
    title: "The resource is not ready for this",
    advice: "Wait until the resource's `status` allows it.",
  },
  OUTPUT_LIMIT: {
    status: 422,
    retryable: false,
    title: "An output is larger than the limit",
    advice: "Ask for a lower bit rate, sample rate or channel count, or a compressed format.",
  },
  OVERLOADED: {
    status: 429,
    retryable: true,
    title: "Too many requests at once",
    advice: "Send the request again after the time in `Retry-After`.",
  },
  PROJECTION_BEHIND: {
    status: 503,
    retryable: true,
    title: "The view has not caught up yet",
    advice: "Send the request again after the time in `Retry-After`, or without `after`.",
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    retryable: false,
    title: "The range lies outside the content",
    advice: "Ask for a range within the size that the detail names.",
  },
  REQUEST_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: "The body of the request is larger than the limit",
    advice: "Send less in one request: everything but the bytes of uploads may have 2 MiB.",
  },
  TIME_LIMIT: {
    status: 422,
    retryable: false,
    title: "The job took longer than the limit",
    advice: "Convert or analyse shorter parts.",
  },
  UNAUTHORIZED: {
    status: 401,
    retryable: false,
    title: "A valid API key is needed",
    advice: "Send `Authorization: Bearer <key>`; the banner of the service shows the first key.",
  },
  UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: "A part of the service is out of reach",
    advice: "Send the request again after the time in `Retry-After`.",
  },
  UNSUPPORTED_FORMAT: {
    status: 422,
    retryable: false,
    title: "This is not a supported audio format",
    advice: "Upload audio in a common container: WAV, AIFF, FLAC, MP3, MP4/M4A, Ogg, WebM, AAC, …",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    title: "This content type is not accepted here",
    advice: "Send the body with the content type that the API reference names.",
  },
  UPLOAD_REJECTED: {
    status: 409,
    retryable: false,
    title: "The upload was rejected",
    advice: "Look at the upload's `rejection`; upload the audio again once that is mended.",
  },
  UPLOAD_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: "The upload is larger than the limit",
    advice: "Upload less at once, or raise `TAPEDECK_MAX_UPLOAD_BYTES`.",
  },
  URL_FAILED: {
    status: 422,
    retryable: true,
    title: "The file behind the URL could not be fetched",
    advice:
      "Check that its server answers 200 with the whole file, uncompressed and without delay; then try again.",
  },
  URL_NOT_ALLOWED: {
    status: 422,
    retryable: false,
    title: "The URL may not be fetched",
    advice:
      "Give an http or https URL of a public address, without credentials; the operator can allow networks by `TAPEDECK_URL_NETWORKS`.",
  },
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
