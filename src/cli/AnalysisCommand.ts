import { Effect, Option, Schema } from "effect";
import { Command, Flag } from "effect/cli";
import { allParts, AnalysisParts } from "../../domain/analysis/AnalysisPart.ts";
import { TenantId } from "../../domain/Id.ts";
import { Outdated, type Refreshed, type RefreshScope } from "../../services/refresh/AnalysisRefresh.ts";
import { confirm } from "./Confirm.ts";
import * as Connection from "./Connection.ts";
import { dangerFlags, operatorFlags, reported } from "./Operator.ts";
import { note, print, printJson } from "./Printing.ts";
import { count, withProgress } from "./Progress.ts";

/** How long to wait before the next step while enough analyses are under way. */
const pause = "500 millis";

const Requested = Schema.Struct({ requested: Schema.Int });

/** Takes step after step until there is nothing left to ask for; answers how many analyses were asked for. */
const refreshAll = (scope: RefreshScope, total: number) =>
  Effect.gen(function* () {
    const { api: { adminAnalyses }, explain } = yield* Connection.Connection;
    return yield* withProgress({ title: "Refresh", unit: "uploads", total }, (progress) =>
      Effect.gen(function* () {
        let requested = 0, after: (typeof Refreshed.Type)["after"];
        while (true) {
          const step = yield* Effect.mapError(
            adminAnalyses.refresh({ payload: { ...scope, ...(after && { after }) } }),
            explain,
          );
          requested += step.requested;
          progress.at(requested);
          if (step.isDone) {
            return requested;
          }
          after = step.after;
          if (step.requested === 0) {
            yield* Effect.sleep(pause);
          }
        }
      }));
  });

const refresh = Command.make("refresh", {
  json: operatorFlags.json,
  ...dangerFlags,
  olderThan: Flag.Int("older-than").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isGreaterThan(0))),
    Flag.withDescription("What an analyser of a lower version than this measured (default: the current one)"),
    Flag.optional,
  ),
  part: Flag.Literals("part", allParts).pipe(
    Flag.withDescription("Only this part; may be given several times"),
    Flag.atLeast(0),
  ),
  tenant: Flag.String("tenant").pipe(
    Flag.withSchema(TenantId),
    Flag.withDescription("Only uploads of this tenant"),
    Flag.optional,
  ),
}, ({ json, dryRun, yes, olderThan, part, tenant }) =>
  reported(
    Effect.gen(function* () {
      const { api: { adminAnalyses }, explain } = yield* Connection.Connection;
      const parts = [...new Set(part)];
      const scope: RefreshScope = {
        ...Option.match(olderThan, { onNone: () => ({}), onSome: (olderThan) => ({ olderThan }) }),
        ...(isSome(parts) && { parts }),
        ...Option.match(tenant, { onNone: () => ({}), onSome: (tenant) => ({ tenant }) }),
      };
      const outdated = yield* Effect.mapError(adminAnalyses.outdated({ payload: scope }), explain);
      const what = `${
        count(outdated.uploads)
      } uploads whose analysis has parts of an older analyser, in the background`;
      if (dryRun) {
        return yield* (json ? printJson(Outdated)(outdated) : print(`This would measure ${what}.`));
      }
      if (outdated.uploads > 0) yield* confirm(`This measures ${what}.`, { yes, json });
      const requested = yield* refreshAll(scope, outdated.uploads);
      yield* (json ? printJson(Requested)({ requested }) : note(
        requested === 0
          ? "Nothing was measured by an older analyser."
          : `Asked for ${count(requested)} analyses; the last of them are still under way.`,
      ));
    }).pipe(Effect.provide(Connection.layer)),
  )).pipe(Command.withDescription("Measure again what an older analyser measured, at a low pace"));

const isSome = Schema.is(AnalysisParts);

/** `tapedeck analysis …`: the analyses of all tenants, for operators. */
export const analysisCommand = Command.make("analysis").pipe(
  Command.withDescription("Analyses of all tenants"),
  Command.withSubcommands([refresh]),
);
