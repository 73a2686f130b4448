import { Effect, Option, Stream } from "effect";
import { Command, Flag } from "effect/cli";
import { operationError } from "../../services/OperationError.ts";
import { LogOperations, ReplayProgress, type ReplayRequest } from "../../services/transfer/LogOperations.ts";
import { PositionText } from "../api/Reading.ts";
import { CommandFailed } from "./CommandFailed.ts";
import { confirm } from "./Confirm.ts";
import { dangerFlags, operate, operatorFlags } from "./Operator.ts";
import { note, print, printJson } from "./Printing.ts";
import { count, withProgress } from "./Progress.ts";

const position = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withSchema(PositionText), Flag.withDescription(description), Flag.optional);

/** Runs a replay, or its dry run, to its end; answers the last report. */
const run = Effect.fnUntraced(function* (request: ReplayRequest, total: number | null) {
  const log = yield* LogOperations;
  const reports = yield* log.replay(request);
  const last = yield* withProgress({ title: "Replay", unit: "events", total }, (progress) =>
    reports.pipe(
      Stream.tap(({ replayed }) => Effect.sync(() => progress.at(replayed))),
      Stream.runLast,
    ));
  const cut = Option.isNone(last) || (!request.dryRun && last.value.replayed < last.value.total);
  return cut
    ? yield* operationError(
      "UNAVAILABLE",
      "The replay ended early",
      "Look at the log of the service, and replay again.",
    )
    : last.value;
});

/** `tapedeck events replay`. */
export const replayCommand = Command.make("replay", {
  ...operatorFlags,
  ...dangerFlags,
  stream: Flag.String("stream").pipe(Flag.withDescription("The events of this stream"), Flag.optional),
  from: position("from", "The events from this position on …"),
  to: position("to", "… up to and with this one (default: the end of the log)"),
}, ({ json, offline, dryRun, yes, stream, from, to }) =>
  operate(
    { offline },
    Effect.gen(function* () {
      const request: ReplayRequest | null = Option.isSome(stream)
        ? Option.isSome(from) || Option.isSome(to) ? null : { streamId: stream.value }
        : Option.isSome(from)
        ? { from: from.value, ...(Option.isSome(to) && { to: to.value }) }
        : null;
      if (request === null) {
        return yield* new CommandFailed({
          status: 2,
          message: "Say what to replay: either --stream, or --from with or without --to.",
        });
      }
      const planned = yield* run({ ...request, dryRun: true }, null);
      const what = `${
        count(planned.total)
      } events to the bus, marked as a replay: reactors do not act on them`;
      if (dryRun) {
        return yield* (json ? printJson(ReplayProgress)(planned) : print(`This would publish ${what}.`));
      }
      yield* confirm(`This publishes ${what}.`, { yes, json });
      const done = yield* run(request, planned.total);
      yield* (json
        ? printJson(ReplayProgress)(done)
        : note(`Replayed ${count(done.replayed)} events as replay ${done.replayId}.`));
    }),
  )).pipe(Command.withDescription("Publish a range or a stream to the bus again, marked as a replay"));
