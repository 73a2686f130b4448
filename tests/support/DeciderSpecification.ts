import { assert } from "@effect/vitest";
import { Equal, Result } from "effect";
import { type Decider, fold } from "../../domain/Decider.ts";

/** What may be claimed about a decision; each claim throws when it is wrong. */
export interface Decision<Event, Error> {
  /** Exactly these events happen. */
  readonly thenEvents: (events: readonly [Event, ...ReadonlyArray<Event>]) => void;
  /** The command is accepted, and nothing is left to do. */
  readonly thenNothing: () => void;
  /** The command is refused with this error, or with one that the predicate holds for. */
  readonly thenError: (expected: Error | ((error: Error) => boolean)) => void;
}

/** Given what has happened, when a command comes, then … */
export const given = <State, Event, Command, Error extends object>(
  decider: Decider<State, Event, Command, Error>,
  history: ReadonlyArray<Event>,
): { readonly when: (command: Command) => Decision<Event, Error> } => ({
  when: (command) => {
    const outcome = decider.decide(fold(decider, history), command);
    return {
      thenEvents: (events) => assert.deepStrictEqual(outcome, Result.succeed(events)),
      thenNothing: () => assert.deepStrictEqual(outcome, Result.succeed([])),
      thenError: (expected) => {
        if (Result.isSuccess(outcome)) assert.fail(`accepted: ${JSON.stringify(outcome.success)}`);
        const isExpected = typeof expected === "function"
          ? expected(outcome.failure)
          : Equal.equals(outcome.failure, expected);
        assert.isTrue(isExpected, `refused otherwise: ${JSON.stringify(outcome.failure)}`);
      },
    };
  },
});
