/**
 * A program that appends without end, four clients at once, and says on its standard output what it is about to send and how it was
 * answered, one line each. Run with a database, a tenant, its streams, and commands to begin with, as JSON.
 */
import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Random, Redacted, Schema } from "effect";
import { writeSync } from "node:fs";
import process from "node:process";
import * as PgEventStore from "../../infra/postgres/PgEventStore.ts";
import { CommandId, TenantId } from "../../domain/Id.ts";
import { type AppendOutcome, EventStore } from "../../services/EventStore.ts";
import { appendOf, newId, receivedBy } from "./Fixtures.ts";

/** A command: so many events for a stream. */
export const Command = Schema.Struct({ commandId: CommandId, streamId: Schema.String, events: Schema.Int });
export type Command = typeof Command.Type;

/** What the program is started with. `repeat` are commands that an earlier run sent and got no answer to. */
export const Assignment = Schema.fromJsonString(Schema.Struct({
  url: Schema.String,
  tenantId: TenantId,
  streams: Schema.NonEmptyArray(Schema.String),
  repeat: Schema.Array(Command),
}));

/** A line of its output. The answer is a write, or what is remembered of one. */
export const Line = Schema.fromJsonString(Schema.Union([
  Schema.Struct({ sending: Command }),
  Schema.Struct({
    answered: CommandId,
    outcome: Schema.Struct({
      _tag: Schema.Literals(["Appended", "Duplicate"]),
      version: Schema.Int,
      position: Schema.Int,
    }),
  }),
]));

/** Sends a command until it is written or is found to have been; a conflict tells which version to try next. */
export const carryOut = Effect.fnUntraced(function* (
  store: EventStore["Service"],
  tenantId: TenantId,
  { commandId, streamId, events }: Command,
) {
  let expected = 0;
  while (true) {
    const facts = Array.from({ length: events }, () => receivedBy(tenantId));
    const outcome: AppendOutcome = yield* store.append(
      appendOf(tenantId, streamId, expected, facts, { commandId }),
    );
    if (outcome._tag === "Appended" || outcome._tag === "Duplicate") return outcome;
    if (outcome._tag !== "Conflict") throw new Error(`${commandId} ended as ${outcome._tag}`);
    expected = outcome.actualVersion;
  }
});

const main = Effect.fnUntraced(function* ({ tenantId, streams, repeat }: (typeof Assignment)["Type"]) {
  const store = yield* EventStore;
  // Written at once and whole: nothing that was said is lost with the process.
  const say = (line: (typeof Line)["Type"]) => writeSync(1, `${Schema.encodeSync(Line)(line)}\n`);
  const todo = [...repeat];
  const client = Effect.gen(function* () {
    while (true) {
      const command = todo.pop() ?? {
        commandId: newId("cmd"),
        streamId: yield* Random.choice(streams),
        events: yield* Random.nextIntBetween(1, 3),
      };
      say({ sending: command });
      const { _tag, version, position } = yield* carryOut(store, tenantId, command);
      say({ answered: command.commandId, outcome: { _tag, version, position } });
    }
  });
  yield* Effect.all(Array.from({ length: 4 }, () => client), { concurrency: "unbounded" });
});

if (import.meta.main) {
  const assignment = Schema.decodeUnknownSync(Assignment)(process.argv[2]);
  const database = PgClient.layer({ url: Redacted.make(assignment.url), maxConnections: 4 });
  const log = Layer.provide(PgEventStore.layer({ callsInFlight: 2 }), database);
  await Effect.runPromise(Effect.provide(main(assignment), log));
}
