import { ByteSize, Cause, Effect, Option, SchemaIssue, Tracer } from "effect";
import { HttpIncomingMessage, HttpRouter, HttpServerError, HttpServerResponse } from "effect/http";
import { HttpApiMiddleware } from "effect/http-api";
import { catalogue, type ErrorCode } from "../../domain/ErrorCode.ts";
import { fail, makeProblem, type Particulars, Problems } from "../api/Problem.ts";

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1();

/** The first thing that a schema refused: where, and why. `prefix` names the part of the request. */
export const firstIssue = (issue: SchemaIssue.Issue, prefix = ""): Particulars => {
  const [first] = issuesOf(issue).issues;
  const keys = (first?.path ?? []).map((segment) => typeof segment === "object" ? segment.key : segment);
  // Of an array that must not be empty, the first element is missing.
  const isEmpty = first?.message === "Missing key" && keys.at(-1) === 0;
  const field = (isEmpty ? keys.slice(0, -1) : keys).reduce<string>(
    (path, key) =>
      typeof key === "number" || /^\d+$/.test(String(key))
        ? `${path}[${String(key)}]`
        : path === ""
        ? String(key)
        : `${path}.${String(key)}`,
    prefix,
  );
  const detail = isEmpty
    ? "Give at least one"
    : first?.message === "Expected no excess property"
    ? "There is no such parameter"
    : first?.message ?? "The value is not valid";
  return field === "" ? { detail } : { detail, field };
};

/** What a schema refuses in a request becomes a problem that names the field. An id that cannot exist is not found. */
export const problemsLayer = HttpApiMiddleware.layerSchemaErrorTransform(Problems, ({ kind, cause }) => {
  switch (kind) {
    case "Params":
      return fail("NOT_FOUND", { detail: "There is no such resource" });
    case "Query":
    case "Headers":
    case "Payload":
      return fail("INVALID_PARAMETER", firstIssue(cause.issue));
    case "Body":
    case "ResponseHeaders":
      return Effect.die(cause);
  }
});

const problemType = "application/problem+json";

const byStatus: ReadonlyMap<number, ErrorCode> = new Map([
  [400, "MALFORMED_REQUEST"],
  [401, "UNAUTHORIZED"],
  [403, "FORBIDDEN"],
  [404, "NOT_FOUND"],
  [413, "REQUEST_TOO_LARGE"],
  [415, "UNSUPPORTED_MEDIA_TYPE"],
  [500, "INTERNAL"],
]);

/** How large a body may be that is read into memory; those of uploads and of imports are streamed, and have limits of their own. */
const maxBodySize = ByteSize.mebibytes(2);

/**
 * The outermost layer of every request: bodies that are read as a whole are bounded, whatever leaves the routes as a bare error status or a defect becomes a problem, defects
 * are logged, and answers that ask for patience say how long.
 */
export const problemsEverywhere = HttpRouter.middleware((app) =>
  Effect.gen(function* () {
    const span = yield* Effect.option(Effect.currentParentSpan);
    const answered = app.pipe(
      Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBodySize),
      Effect.catchCause((cause) => {
        if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause);
        return Effect.gen(function* () {
          const [response] = yield* HttpServerError.causeResponse(cause);
          if (response.status >= 500) yield* Effect.logError("A request failed unexpectedly", cause);
          return response;
        });
      }),
      Effect.flatMap((response) => {
        const code = byStatus.get(response.status);
        const bare = code !== undefined && response.headers["content-type"] !== problemType;
        if (!bare) return Effect.succeed(response);
        const detail = code === "REQUEST_TOO_LARGE"
          ? `The body may have at most ${ByteSize.toNumberUnsafe(maxBodySize)} bytes`
          : catalogue[code].title;
        return problemResponse(code, { detail });
      }),
    );
    const response = yield* Option.match(span, {
      onNone: () => answered,
      onSome: (parent) => Effect.provideService(answered, Tracer.ParentSpan, parent),
    });
    switch (response.status) {
      case 413:
        // The rest of the body is not read, so that the connection ends here: a client must not send its next request on it.
        return HttpServerResponse.setHeader(response, "connection", "close");
      case 429:
      case 503:
        return HttpServerResponse.setHeader(response, "retry-after", "1");
      default:
        return response;
    }
  }), { global: true });

/** A problem as a response, for where headers go with it. */
export const problemResponse = (code: ErrorCode, particulars: Particulars) =>
  Effect.map(
    makeProblem(code, particulars),
    (problem) => HttpServerResponse.jsonUnsafe(problem, { status: problem.status, contentType: problemType }),
  );
