import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Effect, Layer, Random, Redacted, Schema } from "effect";
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { CommandId, TenantId } from "../../../domain/Id.ts";
import { Assignment, carryOut, type Command, Line } from "../../support/AppendingProcess.ts";
import { client, connectedStore } from "../../support/Databases.ts";
import { newTenant } from "../../support/Fixtures.ts";
import { TestDatabase } from "../../support/TestDatabase.ts";

const program = fileURLToPath(new URL("../../support/AppendingProcess.ts", import.meta.url));

const decodeLine = Schema.decodeUnknownSync(Line);
const encodeAssignment = Schema.encodeSync(Assignment);

/** What is known of a command from outside: where its events are, once that was said. */
interface Known extends Command {
  readonly answer: { readonly version: number; readonly position: number } | null;
}

/** Lets a process append, and kills it when it has said so many lines. Notes what it said up to its end. */
const live = (assignment: string, lines: number, known: Map<CommandId, Known>) =>
  Effect.callback<void, Error>((resume) => {
    const child = spawn(process.execPath, ["run", "-A", program, assignment], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = 0;
    const output = createInterface({ input: child.stdout });
    output.on("line", (text) => {
      const line = decodeLine(text);
      if ("sending" in line) {
        const { commandId } = line.sending;
        if (!known.has(commandId)) known.set(commandId, { ...line.sending, answer: null });
      } else {
        const command = known.get(line.answered);
        const { version, position } = line.outcome;
        if (command !== undefined) known.set(line.answered, { ...command, answer: { version, position } });
      }
      if (++said === lines) child.kill("SIGKILL");
    });
    const gone = new Promise((resolve) => child.once("exit", resolve));
    output.once(
      "close",
      () =>
        gone.then(() =>
          resume(said < lines ? Effect.fail(new Error("A process ended before it was killed")) : Effect.void)
        ),
    );
    return Effect.sync(() => child.kill("SIGKILL"));
  });

const Row = Schema.Struct({
  position: Schema.Int,
  stream_id: Schema.String,
  version: Schema.Int,
  command_id: Schema.String,
});

const database = Layer.provideMerge(client, TestDatabase.unflushed);

layer(database, { excludeTestServices: true })("Processes that are killed while they append", (it) => {
  const unanswered = (known: Map<CommandId, Known>) =>
    [...known.values()].filter(({ answer }) => answer === null);

  const lives = 4;

  it.effect("leave a dense log that has every acknowledged append once, and one outcome for every command", () =>
    Effect.gen(function* () {
      const { url } = yield* TestDatabase;
      const store = yield* connectedStore;
      const sql = yield* PgClient.PgClient;
      const tenantId: TenantId = newTenant();
      const streams = [`${tenantId}/a`, `${tenantId}/b`, `${tenantId}/c`] as const;
      let dropped = 0;

      const processes = yield* Effect.forEach([1, 2, 3], () =>
        Effect.gen(function* () {
          const known = new Map<CommandId, Known>();
          for (let life = 0; life < lives; life++) {
            const repeat = unanswered(known).map(({ answer: _, ...command }) => command);
            const assignment = encodeAssignment({ url: Redacted.value(url), tenantId, streams, repeat });
            yield* live(assignment, yield* Random.nextIntBetween(1, 150), known);
            dropped += unanswered(known).length;
          }
          return known;
        }), { concurrency: "unbounded" });
      assert.isAbove(dropped, 0, "nobody was killed at work");

      const known = processes.flatMap((commands) => [...commands.values()]);
      const outcomes = yield* Effect.forEach(known, (command) => carryOut(store, tenantId, command), {
        concurrency: 16,
      });
      const again = yield* Effect.forEach(known, (command) => carryOut(store, tenantId, command), {
        concurrency: 16,
      });
      for (const [index, { answer }] of known.entries()) {
        const first = outcomes[index] ?? assert.fail();
        const { version, position } = first;
        if (answer !== null) {
          assert.strictEqual(first._tag, "Duplicate");
          assert.deepStrictEqual({ version, position: Number(position) }, answer);
        }
        assert.deepStrictEqual(again[index], { _tag: "Duplicate", version, position, rejection: null });
      }

      const log = yield* Effect.flatMap(
        sql`SELECT position::float8, stream_id, version::float8, command_id FROM events ORDER BY events.position`,
        Schema.decodeUnknownEffect(Schema.Array(Row)),
      );
      assert.deepStrictEqual(log.map(({ position }) => position), log.map((_, index) => index + 1));
      assert.strictEqual(yield* store.head, log.length);
      for (const stream of streams) {
        const versions = log.filter(({ stream_id }) => stream_id === stream).map(({ version }) => version);
        assert.deepStrictEqual(versions, versions.map((_, index) => index + 1));
      }
      const expected = known.flatMap(({ commandId, streamId, events }, index) => {
        const { version, position } = outcomes[index] ?? assert.fail();
        return Array.from({ length: events }, (_, back) => ({
          position: position - back,
          stream_id: streamId,
          version: version - back,
          command_id: commandId,
        }));
      });
      assert.deepStrictEqual(
        log.map((row) => ({ ...row })),
        expected.toSorted((a, b) => a.position - b.position).map((row) => ({
          ...row,
          command_id: `${row.command_id}`,
        })),
      );
    }));
});
