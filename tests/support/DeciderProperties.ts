import { assert, describe, it } from "@effect/vitest";
import { Arbitrary, Effect, Equal, Result, Schema } from "effect";
import { type Decider, fold } from "../../domain/Decider.ts";
import { attemptsAllowed } from "../../domain/Job.ts";

interface Tagged {
  readonly _tag: string;
}

/** A decider, and what its properties are tried with. */
export interface Subject<State, Event, Command extends Tagged, Error> {
  readonly decider: Decider<State, Event, Command, Error>;
  readonly events: Schema.Codec<Event, unknown>;
  /** The commands by which the one actor of this subject comes to life. */
  readonly opening: ReadonlyArray<Command>;
  /** A command to the one actor of this subject, or several that belong together. */
  readonly commands: Arbitrary.Arbitrary<ReadonlyArray<Command>>;
  /** Everything that may become of each command: types of events, "nothing", and reasons of refusals. */
  readonly outcomes: Readonly<Record<Command["_tag"], string>>;
  /** What workers send. */
  readonly workerCommands: ReadonlyArray<string>;
  readonly statusOf: (state: State) => string | undefined;
  readonly activeStatuses: ReadonlyArray<string | undefined>;
  readonly terminalStatuses: ReadonlyArray<string>;
  /** The most progress events of an attempt. */
  readonly progressSteps: number;
}

/** The greatest number of progress events in one attempt; fails if progress falls or stands still within one. */
const progressSteps = (history: ReadonlyArray<Tagged & { readonly progress?: number }>): number => {
  let [most, steps, last] = [0, 0, 0];
  for (const { _tag, progress } of history) {
    if (_tag.endsWith("Started")) [steps, last] = [0, 0];
    if (progress === undefined) continue;
    assert.isAbove(progress, last);
    [steps, last] = [steps + 1, progress];
    most = Math.max(most, steps);
  }
  return most;
};

/** Registers the properties that hold for every decider, each tried with random sequences of commands to one actor. */
export const deciderProperties = <
  State,
  Event extends Tagged & { readonly progress?: number },
  Command extends Tagged,
  Error extends { readonly reason: string },
>(name: string, subject: Subject<State, Event, Command, Error>): void => {
  const { decider, events, outcomes, workerCommands, statusOf, terminalStatuses } = subject;

  const sequences = Arbitrary.all({
    commands: Arbitrary.array(Arbitrary.array(subject.commands)),
    openedAt: Arbitrary.schema(Schema.Literals([0, 1, 3])),
  }).pipe(
    Arbitrary.map(({ commands, openedAt }) => commands.flat(2).toSpliced(openedAt, 0, ...subject.opening)),
  );

  const eventsOf = (outcome: Result.Result<ReadonlyArray<Event>, Error>): ReadonlyArray<Event> =>
    Result.isSuccess(outcome) ? outcome.success : [];

  const run = (commands: ReadonlyArray<Command>) => {
    let state = decider.initial;
    return commands.map((command) => {
      const before = state;
      const outcome = decider.decide(before, command);
      for (const event of eventsOf(outcome)) state = decider.evolve(state, event);
      return { before, command, outcome, after: state };
    });
  };

  const historyOf = (steps: ReturnType<typeof run>) => steps.flatMap(({ outcome }) => eventsOf(outcome));

  describe(name, () => {
    it.prop("has the same state when its whole history is folded again", [sequences], ([commands]) => {
      const steps = run(commands);
      assert.deepStrictEqual(fold(decider, historyOf(steps)), steps.at(-1)?.after ?? decider.initial);
    });

    it.prop(
      "gives no new event for a repeated command, unless it starts a job",
      [sequences],
      ([commands]) => {
        for (const { command, after } of run(commands)) {
          // A start that is repeated comes from another worker: it begins the next attempt, or gives up.
          if (!command._tag.startsWith("Start")) assert.isEmpty(eventsOf(decider.decide(after, command)));
        }
      },
    );

    it.prop("ignores its workers once it is over", [sequences], ([commands]) => {
      for (const { before, command, outcome } of run(commands)) {
        if (terminalStatuses.includes(statusOf(before) ?? "") && workerCommands.includes(command._tag)) {
          assert.deepStrictEqual(outcome, Result.succeed([]));
        }
      }
    });

    it.prop("records progress that rises, in at most ten steps an attempt", [sequences], ([commands]) => {
      assert.isAtMost(progressSteps(historyOf(run(commands))), 10);
    });

    it.prop("is attempted as often as is allowed and no more", [sequences], ([commands]) => {
      const history = historyOf(run(commands));
      const count = (suffix: string) => history.filter(({ _tag }) => _tag.endsWith(suffix)).length;
      const allowed = attemptsAllowed * (count("Requested") + count("Retried")) + count("Released");
      assert.isAtMost(count("Started"), allowed);
    });

    it.prop("has events that survive being stored as JSON", [events], ([event]) => {
      const stored = JSON.stringify(Schema.encodeSync(events)(event));
      const restored = Schema.decodeUnknownSync(events)(JSON.parse(stored));
      // Not `deepStrictEqual`: JSON knows no negative zero.
      assert.isTrue(Equal.equals(restored, event), stored);
    });

    it.effect("comes into every status and to every decision by the commands of these properties", () =>
      Effect.gen(function* () {
        const runs = (yield* Arbitrary.sampleEffect(sequences, { count: 300, seed: name })).map(run);
        const steps = runs.flat();
        assert.sameMembers(
          [...new Set(steps.map(({ after }) => statusOf(after)))],
          [...subject.activeStatuses, ...terminalStatuses],
        );
        const decisions = steps.map(({ command, outcome }) => {
          const results = Result.isSuccess(outcome)
            ? outcome.success.map(({ _tag }) => _tag)
            : [outcome.failure.reason];
          return `${command._tag}: ${results.join(" and ") || "nothing"}`;
        });
        assert.sameMembers(
          [...new Set(decisions)],
          Object.entries<string>(outcomes).flatMap(([command, results]) =>
            results.split(" ").map((result) => `${command}: ${result}`)
          ),
        );
        assert.strictEqual(
          Math.max(...runs.map((steps) => progressSteps(historyOf(steps)))),
          subject.progressSteps,
        );
      }));
  });
};
