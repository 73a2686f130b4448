import { Effect, Schema } from "effect";
import { UserId } from "../../domain/Id.ts";
import { maxMetadataBytes, type Process } from "../../domain/upload/Upload.ts";
import type { MediaEngine } from "../../services/MediaEngine.ts";
import { ProcessRequest } from "../api/UploadJson.ts";
import { fail, type Problem } from "../api/Problem.ts";
import { firstIssue } from "./ProblemLayers.ts";
import { settleOutputs } from "./SettleOutputs.ts";

/** What a client says about an upload beside its bytes, as text. */
export interface RawFields {
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly process?: string | undefined;
  readonly metadata?: string | undefined;
}

/** The same, understood. */
export interface UploadFields {
  readonly userId: UserId;
  readonly sessionId: string | null;
  readonly process: Process;
  readonly metadata: Readonly<Record<string, Schema.Json>>;
}

const SessionId = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cs}]{1,128}$/u, {
    expected: "1 to 128 characters, none of them a control character",
  }),
);
const Metadata = Schema.Record(Schema.String, Schema.Json);
/** The escapes, in written JSON, of characters that Postgres' `jsonb` cannot hold. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

const noone = UserId.make("default");

/** Reads the fields; fails with the first that is not valid. */
export const readFields = Effect.fnUntraced(
  function* (raw: RawFields): Effect.fn.Return<UploadFields, Problem, MediaEngine> {
    const userId = raw.userId === undefined ? noone : yield* decode("userId", UserId, raw.userId);
    const sessionId = raw.sessionId === undefined
      ? null
      : yield* decode("sessionId", SessionId, raw.sessionId);
    const request = raw.process === undefined
      ? {}
      : yield* decodeJson("process", ProcessRequest, raw.process);
    const outputs = request.outputs === undefined && request.preset === undefined
      ? []
      : yield* settleOutputs(request, "process.");
    const ofAlbum = outputs.findIndex(({ loudness }) => loudness?.album !== undefined);
    if (ofAlbum >= 0) {
      return yield* fail("INVALID_PARAMETER", {
        field: `process.outputs[${ofAlbum}].loudness.album`,
        detail: "An album is known by the analyses of its uploads: convert them when these are completed",
      });
    }
    const metadata = raw.metadata === undefined ? {} : yield* decodeJson("metadata", Metadata, raw.metadata);
    const stored = JSON.stringify(metadata);
    if (new TextEncoder().encode(stored).length > maxMetadataBytes || unstorable.test(stored)) {
      return yield* fail("INVALID_PARAMETER", {
        field: "metadata",
        detail:
          `At most ${maxMetadataBytes} bytes of JSON, without NUL characters or halves of surrogate pairs`,
      });
    }
    return {
      userId,
      sessionId,
      process: { outputs, analysis: request.analysis ?? true },
      metadata,
    };
  },
);

const decode = <A>(
  field: string,
  schema: Schema.Codec<A, unknown>,
  value: unknown,
): Effect.Effect<A, Problem> =>
  Schema.decodeUnknownEffect(schema, { onExcessProperty: "error" })(value).pipe(
    Effect.catchTag("SchemaError", ({ issue }) => fail("INVALID_PARAMETER", firstIssue(issue, field))),
  );

/** How deep JSON from clients may be nested: databases and parsers recurse. */
const maxDepth = 32;

/** The depth to which brackets nest in JSON, whatever stands in its strings. One without an end is passed too, lest it be tried from each quote. */
const depthOf = (json: string): number => {
  let depth = 0, deepest = 0;
  for (const [token] of json.matchAll(/"(?:\\[^]|[^"\\])*"?|[[\]{}]/g)) {
    if (token === "[" || token === "{") deepest = Math.max(deepest, ++depth);
    else if (token === "]" || token === "}") depth--;
  }
  return deepest;
};

/** Reads JSON of a client; `field` is the parameter that it is the value of, empty where it is the whole body. */
export const decodeJson = <A>(
  field: string,
  schema: Schema.Codec<A, unknown>,
  text: string,
): Effect.Effect<A, Problem> => {
  const refuse = (detail: string) => fail("INVALID_PARAMETER", field === "" ? { detail } : { detail, field });
  return depthOf(text) > maxDepth
    ? refuse(`This is nested deeper than ${maxDepth} levels`)
    : Effect.try({ try: (): unknown => JSON.parse(text), catch: () => "not JSON" as const }).pipe(
      Effect.catch(() => refuse("This is not valid JSON")),
      Effect.flatMap((json) => decode(field, schema, json)),
    );
};
