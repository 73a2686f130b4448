import { Effect, Option, Stream } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { EventRecord } from "../../services/EventRecord.ts";
import { EventDetail, EventPage, LogOperations, LogStatus } from "../../services/transfer/LogOperations.ts";
import { Bound, EventRef } from "../api/AdminEventsApi.ts";
import { PositionText } from "../api/Reading.ts";
import { exportCommand } from "./ExportCommand.ts";
import { importCommand } from "./ImportCommand.ts";
import { limit, operate, operatorFlags } from "./Operator.ts";
import { note, paint, plain, print, printJson } from "./Printing.ts";
import { replayCommand } from "./ReplayCommand.ts";
import { type Column, facts, table } from "./Table.ts";

const columns: ReadonlyArray<Column<EventRecord>> = [
  { heading: "position", of: ({ position }) => position, style: "cyan" },
  { heading: "recorded", of: ({ recordedAt }) => recordedAt.toISOString(), style: "dim" },
  { heading: "type", of: ({ type }) => type },
  { heading: "version", of: ({ version }) => version },
  { heading: "stream", of: ({ streamId }) => streamId },
];

/** A flag that may be left out. */
const optional = <A>(flag: Flag.Flag<A>): Flag.Flag<A | undefined> =>
  Flag.map(Flag.optional(flag), Option.getOrUndefined);

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), optional);

const bound = (name: "after" | "before") =>
  Flag.String(name).pipe(
    Flag.withSchema(Bound),
    Flag.withDescription(`Only events ${name} this position or time (RFC 3339)`),
    optional,
  );

const position = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withSchema(PositionText), Flag.withDescription(description), optional);

const status = Command.make("status", operatorFlags, (flags) =>
  operate(
    flags,
    Effect.gen(function* () {
      const found = yield* (yield* LogOperations).status;
      if (flags.json) return yield* printJson(LogStatus)(found);
      yield* print(facts([
        ["head", found.head],
        ["epoch", found.epoch],
        ["last event", found.lastRecordedAt?.toISOString() ?? null],
        ["rate", `${found.eventsPerSecond.toFixed(1)} events/s over the last minute`],
      ]));
    }),
  )).pipe(Command.withDescription("Show where the log is: its head, its epoch, how fast it grows"));

const list = Command.make("list", {
  ...operatorFlags,
  type: text("type", "Only events of this type"),
  stream: text("stream", "Only events of this stream"),
  tenant: text("tenant", "Only events of this tenant"),
  correlation: text("correlation", "Only events with this correlation id"),
  after: bound("after"),
  before: bound("before"),
  cursor: position("cursor", "Go on below this position, which an earlier page ended with"),
  limit,
}, ({ json, offline, limit, ...filter }) =>
  operate(
    { offline },
    Effect.gen(function* () {
      const page = yield* (yield* LogOperations).list({ ...filter, limit });
      if (json) return yield* printJson(EventPage)(page);
      if (page.items.length === 0) return yield* note("No events.");
      yield* print(table(columns, page.items));
      if (page.nextCursor !== null) yield* note(`There are more: --cursor ${page.nextCursor}`);
    }),
  )).pipe(Command.withDescription("List events, newest first"));

const show = Command.make("show", {
  ...operatorFlags,
  event: Argument.String("event").pipe(
    Argument.withSchema(EventRef),
    Argument.withDescription("A position, or an id such as evt_…"),
  ),
}, (flags) =>
  operate(
    flags,
    Effect.gen(function* () {
      const detail = yield* (yield* LogOperations).show(flags.event);
      if (flags.json) return yield* printJson(EventDetail)(detail);
      const { event, traceId, causes } = detail;
      yield* print(facts([
        ["position", event.position],
        ["event", event.eventId],
        ["type", `${event.type}, schema version ${event.schemaVersion}`],
        ["stream", `${event.streamId}, version ${event.version}`],
        ["tenant", event.tenantId],
        ["recorded", event.recordedAt.toISOString()],
        ["command", event.commandId],
        ["correlation", event.correlationId],
        ["causation", event.causationId],
        ["trace", traceId],
      ]));
      yield* print(`\n${paint("bold", "DATA")}\n${plainLines(JSON.stringify(event.data, null, 2))}`);
      if (causes.length > 0) yield* print(`\n${paint("bold", "CAUSED BY")}\n${table(columns, causes)}`);
    }),
  )).pipe(
    Command.withDescription("Show one event with its data, its trace id, and the events that led to it"),
  );

const plainLines = (lines: string): string => lines.split("\n").map(plain).join("\n");

const tail = Command.make("tail", {
  ...operatorFlags,
  from: position("from", "Begin after this position; 0 is the whole log (default: only what is to come)"),
}, ({ json, offline, from }) =>
  operate(
    { offline },
    Effect.gen(function* () {
      const log = yield* LogOperations;
      const after = from ?? (yield* log.status).head;
      yield* note(`Following the log after position ${after}. Ctrl-C ends it.`);
      yield* Stream.runForEach(
        yield* log.tail(after),
        json ? printJson(EventRecord) : (event) => print(line(event)),
      );
    }),
  )).pipe(Command.withDescription("Follow the log as it grows"));

/** An event as one line, without knowing how wide those to come will be. */
const line = ({ position, recordedAt, type, streamId, version }: EventRecord): string =>
  [
    paint("cyan", String(position).padStart(8)),
    paint("dim", recordedAt.toISOString()),
    plain(type).padEnd(20),
    plain(`${streamId} v${version}`),
  ].join("  ");

/** `tapedeck events …`: the log, for operators. */
export const eventsCommand = Command.make("events").pipe(
  Command.withDescription("Read, move and replay the event log"),
  Command.withSubcommands([status, list, show, tail, exportCommand, importCommand, replayCommand]),
);
