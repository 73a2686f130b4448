import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { catalogue, ErrorCode, Failure } from "../../domain/ErrorCode.ts";

/** Clients and stored events rely on these: one may be added, none removed or given another status. */
const published = {
  ALREADY_FINISHED: 409,
  ATTEMPTS_EXHAUSTED: 500,
  DEADLINE_EXCEEDED: 503,
  DECODE_FAILED: 422,
  DURATION_LIMIT: 422,
  EMPTY_AUDIO: 422,
  ENCODE_FAILED: 422,
  FORBIDDEN: 403,
  FORMAT_UNAVAILABLE: 422,
  INTERNAL: 500,
  INVALID_PARAMETER: 400,
  INVALID_PARAMETERS: 422,
  INVALID_SAMPLES: 422,
  LOG_FILE_REFUSED: 422,
  LOG_NOT_EMPTY: 409,
  MALFORMED_REQUEST: 400,
  NOT_FOUND: 404,
  NOT_READY: 409,
  OUTPUT_LIMIT: 422,
  OVERLOADED: 429,
  PROJECTION_BEHIND: 503,
  RANGE_NOT_SATISFIABLE: 416,
  REQUEST_TOO_LARGE: 413,
  TIME_LIMIT: 422,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNSUPPORTED_FORMAT: 422,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UPLOAD_REJECTED: 409,
  UPLOAD_TOO_LARGE: 413,
  URL_FAILED: 422,
  URL_NOT_ALLOWED: 422,
};

const isCode = Schema.is(ErrorCode);

describe("the catalogue of error codes", () => {
  it("keeps every code, with its status", () => {
    const statuses = Object.entries(catalogue).map(([code, { status }]) => [code, status]);
    assert.deepInclude(Object.fromEntries(statuses), published);
  });

  it.each(Object.entries(catalogue))(
    "has for %s an error status, a title and an advice, and a 5xx may be retried",
    (code, entry) => {
      assert.match(code, /^[A-Z]+(_[A-Z]+)*$/);
      assert.match(entry.title, /^[A-Z].*[^.]$/);
      assert.match(entry.advice, /^[A-Z]./);
      assert.isTrue(entry.status >= 400 && entry.status < 600);
      if (entry.status >= 500) assert.isTrue(entry.retryable);
    },
  );

  it("is the schema of the codes: names that every object has are none", () => {
    assert.sameMembers([...ErrorCode.literals], Object.keys(catalogue));
    for (const text of ["toString", "constructor", "__proto__", "", "not_found", "NOT_FOUND "]) {
      assert.isFalse(isCode(text), text);
    }
  });
});

describe("a failure", () => {
  it.prop("is stored as it is", [Failure], ([failure]) => {
    const stored = JSON.stringify(Schema.encodeSync(Failure)(failure));
    assert.deepStrictEqual(Schema.decodeUnknownSync(Failure)(JSON.parse(stored)), failure);
  });

  it("has a code of the catalogue and a known stage", () => {
    const isFailure = Schema.is(Failure);
    assert.isTrue(isFailure({ code: "TIME_LIMIT", detail: "", stage: "encode" }));
    assert.isFalse(isFailure({ code: "SOMETHING", detail: "", stage: "encode" }));
    assert.isFalse(isFailure({ code: "TIME_LIMIT", detail: "", stage: "upload" }));
  });
});
