import { Effect, Option, Schema } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { ParkedEvent } from "../../services/projections/ParkedEvents.ts";
import { ProjectionControl, Retried } from "../../services/projections/ProjectionControl.ts";
import { PositionText } from "../api/Reading.ts";
import { CommandFailed } from "./CommandFailed.ts";
import { confirm } from "./Confirm.ts";
import { dangerFlags, limit, operate, operatorFlags } from "./Operator.ts";
import { note, print, printJson } from "./Printing.ts";
import { count } from "./Progress.ts";
import { type Column, table } from "./Table.ts";

const columns: ReadonlyArray<Column<ParkedEvent>> = [
  { heading: "projection", of: ({ projection }) => projection },
  { heading: "position", of: ({ position }) => position, style: "cyan" },
  { heading: "type", of: ({ type }) => type },
  { heading: "stream", of: ({ streamId }) => streamId },
  { heading: "trace", of: ({ traceparent }) => traceparent?.split("-")[1] ?? "" },
  { heading: "attempts", of: ({ attempts }) => attempts },
  { heading: "error", of: ({ error }) => error?.split("\n")[0] ?? "waits behind another of its stream" },
];

const Skipped = Schema.Struct({ projection: Schema.String, position: Position, skipped: Schema.Boolean });

const projection = Argument.String("projection").pipe(Argument.withDescription("The name of the projection"));
const position = Argument.String("position").pipe(
  Argument.withSchema(PositionText),
  Argument.withDescription("The position of the parked event"),
);

const list = Command.make("list", {
  ...operatorFlags,
  projection: Flag.String("projection").pipe(
    Flag.withDescription("Only those of this projection"),
    Flag.optional,
  ),
  stream: Flag.String("stream").pipe(Flag.withDescription("Only those of this stream"), Flag.optional),
  cursor: Flag.String("cursor").pipe(
    Flag.withSchema(PositionText),
    Flag.withDescription("Go on beyond this position"),
    Flag.withDefault(Position.make(0)),
  ),
  limit,
}, ({ json, offline, projection, stream, cursor, limit }) =>
  operate(
    { offline },
    Effect.gen(function* () {
      const found = yield* (yield* ProjectionControl).parked({
        projection: Option.getOrNull(projection),
        streamId: Option.getOrNull(stream),
        after: cursor,
        limit,
      });
      if (json) return yield* printJson(Schema.Array(ParkedEvent))(found);
      yield* (found.length === 0 ? note("Nothing is parked.") : print(table(columns, found)));
    }),
  )).pipe(
    Command.withDescription("Show the events that a view could not apply, with their errors and traces"),
  );

const retry = Command.make("retry", {
  ...operatorFlags,
  projection,
  position: Flag.String("position").pipe(
    Flag.withSchema(PositionText),
    Flag.withDescription("Only the stream of the event at this position"),
    Flag.optional,
  ),
}, ({ json, offline, projection, position }) =>
  operate(
    { offline },
    Effect.gen(function* () {
      const outcome = yield* (yield* ProjectionControl).retry(projection, Option.getOrNull(position));
      if (json) yield* printJson(Retried)(outcome);
      else {
        yield* note(`${count(outcome.applied)} applied, ${count(outcome.failed.length)} failed again.`);
        if (outcome.failed.length > 0) yield* print(table(columns, outcome.failed));
      }
      if (outcome.failed.length > 0) {
        return yield* new CommandFailed({
          status: 1,
          message: "Mend the cause and retry, or `parked skip` what the view can do without.",
        });
      }
    }),
  )).pipe(Command.withDescription("Try parked events again, each stream in order"));

const skip = Command.make(
  "skip",
  { ...operatorFlags, ...dangerFlags, projection, position },
  ({ json, offline, dryRun, yes, projection, position }) =>
    operate(
      { offline },
      Effect.gen(function* () {
        const what =
          `the event at position ${position} for the view ${projection}: the view goes without it for good ` +
          `(a rebuild reads it again)`;
        const done = printJson(Skipped);
        if (dryRun) {
          return yield* (json
            ? done({ projection, position, skipped: false })
            : print(`This would skip ${what}.`));
        }
        yield* confirm(`This skips ${what}.`, { yes, json });
        yield* (yield* ProjectionControl).skip(projection, position);
        yield* (json
          ? done({ projection, position, skipped: true })
          : note(`Skipped. \`tapedeck parked retry ${projection}\` applies what waited behind it.`));
      }),
    ),
).pipe(Command.withDescription("Give up on a parked event"));

/** `tapedeck parked …`: events that a view could not apply. */
export const parkedCommand = Command.make("parked").pipe(
  Command.withDescription("Events that a view could not apply"),
  Command.withSubcommands([list, retry, skip]),
);
