import { Effect, Stream } from "effect";
import { createHash } from "node:crypto";
import { fail, type Problem } from "../api/Problem.ts";

/** How long a body may pause between two pieces. */
const patience = "1 minute";

/** What passed through a metered stream. */
export interface Metered {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * Watches a body on its way: `stream` passes it on and fails when it is empty or goes past the limit, `result` has its size and hash
 * once it has passed.
 */
export const meter = <E, R>(body: Stream.Stream<Uint8Array, E, R>, maxBytes: number) => {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const stream: Stream.Stream<Uint8Array, E | Problem, R> = body.pipe(
    Stream.timeoutOrElse({ duration: patience, orElse: () => Stream.fromEffect(stalled) }),
    Stream.mapEffect((chunk) => {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) return tooLarge(maxBytes);
      hash.update(chunk);
      return Effect.succeed(chunk);
    }),
    Stream.concat(
      Stream.unwrap(Effect.suspend(() => sizeBytes === 0 ? empty : Effect.succeed(Stream.empty))),
    ),
  );
  return { stream, result: Effect.sync((): Metered => ({ sizeBytes, sha256: hash.digest("hex") })) };
};

/** Refuses a body that is larger than the limit. */
export const tooLarge = (maxBytes: number) =>
  fail("UPLOAD_TOO_LARGE", { detail: `An upload may have at most ${maxBytes} bytes` });

/** How much of a refused body is read. */
const lingeringBytes = 32 * 1024 * 1024;

/** Reads a refused body for a moment: many clients listen only after they have sent it, and would not hear the answer. */
export const linger = <E, R>(body: Stream.Stream<Uint8Array, E, R>): Effect.Effect<void, never, R> =>
  Effect.suspend(() => {
    let left = lingeringBytes;
    return body.pipe(
      Stream.takeWhile((chunk) => (left -= chunk.length) > 0),
      Stream.runDrain,
      Effect.timeout("2 seconds"),
      Effect.ignore,
    );
  });

const stalled = fail("MALFORMED_REQUEST", { detail: "Nothing of the body arrived for a minute" });

const empty = fail("EMPTY_AUDIO", { detail: "The upload has no bytes", stage: "receive" });
