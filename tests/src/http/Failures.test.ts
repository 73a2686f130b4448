import { assert, describe, it } from "@effect/vitest";
import { Cause, Effect, Exit } from "effect";
import { orProblem } from "../../../src/http/Failures.ts";
import { ActorError } from "../../../services/actors/Actor.ts";
import { RemoteFileError } from "../../../services/RemoteFiles.ts";
import { newId } from "../../support/Fixtures.ts";

/** The problem that a failure of an actor becomes. */
const problemOf = (reason: ActorError["reason"]) =>
  orProblem(Effect.fail(new ActorError({ reason, actorId: newId("upl") })));

describe("a command that an actor could not carry out", () => {
  it.effect.each(
    [
      ["Overloaded", 429, "OVERLOADED"],
      ["Contended", 429, "OVERLOADED"],
      ["DeadlineExceeded", 503, "DEADLINE_EXCEEDED"],
    ] as const,
  )("may be sent again when it failed as %s", ([reason, status, code]) =>
    Effect.gen(function* () {
      const { detail, ...problem } = yield* Effect.flip(problemOf(reason));
      assert.isNotEmpty(detail);
      assert.deepInclude(problem, { status, code, retryable: true });
    }));

  it.effect("is a mistake of the service when it has the id of another", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(problemOf("CommandIdReused"));
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause));
    }));
});

describe("a file that could not be fetched", () => {
  const problemOf = (reason: RemoteFileError["reason"], detail: string) =>
    Effect.flip(orProblem(Effect.fail(new RemoteFileError({ reason, detail }))));

  it.effect("is told with what went wrong, but never why it is not allowed", () =>
    Effect.gen(function* () {
      const failed = yield* problemOf("Failed", "The server answered 404");
      assert.deepInclude(failed, { status: 422, code: "URL_FAILED", detail: "The server answered 404" });
      const refused = yield* problemOf("NotAllowed", "10.0.0.1 is not a public address");
      assert.deepInclude(refused, { status: 422, code: "URL_NOT_ALLOWED", retryable: false });
      assert.deepStrictEqual(yield* problemOf("NotAllowed", "It is no URL that is fetched"), refused);
      assert.notInclude(refused.detail, "10.0.0.1");
    }));
});
