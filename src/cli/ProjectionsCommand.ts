import { Effect, Schema } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { ProjectionControl, ProjectionStatus } from "../../services/projections/ProjectionControl.ts";
import { CommandFailed } from "./CommandFailed.ts";
import { confirm } from "./Confirm.ts";
import { dangerFlags, operate, operatorFlags } from "./Operator.ts";
import { note, paint, print, printJson } from "./Printing.ts";
import { awaitBuilds } from "./ProjectionBuilds.ts";
import { count } from "./Progress.ts";
import { type Column, facts, table } from "./Table.ts";

const columns: ReadonlyArray<Column<ProjectionStatus>> = [
  { heading: "projection", of: ({ name, version }) => `${name} v${version}` },
  { heading: "status", of: statusWords },
  { heading: "position", of: ({ position }) => position, style: "cyan" },
  { heading: "head", of: ({ head }) => head },
  { heading: "lag", of: ({ lagEvents }) => lagEvents },
  { heading: "lag seconds", of: ({ lagSeconds }) => Number(lagSeconds.toFixed(1)) },
  { heading: "events/s", of: ({ eventsPerSecond }) => Math.round(eventsPerSecond) },
  { heading: "parked", of: ({ parked }) => parked },
];

function statusWords({ status, rebuild, verify }: ProjectionStatus): string {
  const builds = [rebuild, verify].flatMap((build) =>
    build === null ? [] : [`${build.slot} ${build.status === "failed" ? "failed" : `at ${build.position}`}`]
  );
  return [status, ...builds].join(", ");
}

const name = Argument.String("projection").pipe(
  Argument.withDescription("Its name, as `projections list` shows it"),
);
const names = Argument.String("projection").pipe(
  Argument.withDescription("Names; none stands for all"),
  Argument.variadic(),
);

const list = Command.make("list", operatorFlags, (flags) =>
  operate(
    flags,
    Effect.gen(function* () {
      const found = yield* (yield* ProjectionControl).list;
      yield* (flags.json ? printJson(Schema.Array(ProjectionStatus))(found) : print(table(columns, found)));
    }),
  )).pipe(Command.withDescription("Show every projection: position, head, lag, rate, parked events"));

const status = Command.make("status", { ...operatorFlags, name }, (flags) =>
  operate(
    flags,
    Effect.gen(function* () {
      const found = yield* (yield* ProjectionControl).status(flags.name);
      if (flags.json) return yield* printJson(ProjectionStatus)(found);
      const { verification } = found;
      yield* print(facts([
        ["projection", `${found.name}, version ${found.version}`],
        ["status", statusWords(found)],
        ["position", `${count(found.position)} of ${count(found.head)}`],
        ["lag", `${count(found.lagEvents)} events, ${found.lagSeconds.toFixed(1)} seconds`],
        ["rate", `${count(found.eventsPerSecond)} events/s`],
        ["parked", found.parked],
        ["error", found.error ?? found.rebuild?.error ?? found.verify?.error ?? null],
        [
          "verified",
          verification === null
            ? null
            : `${verification.finishedAt.toISOString()} at position ${count(verification.position)}: ${
              verification.differences === 0
                ? `${count(verification.rows)} rows, no difference`
                : `${count(verification.differences)} of ${count(verification.rows)} rows differ`
            }`,
        ],
      ]));
    }),
  )).pipe(Command.withDescription("Show one projection, with its errors and its last verification"));

/** The projections of the given names, or all. */
const chosen = Effect.fnUntraced(function* (names: ReadonlyArray<string>) {
  const control = yield* ProjectionControl;
  return names.length === 0 ? yield* control.list : yield* Effect.forEach(names, control.status);
});

const detach = Flag.Boolean("detach").pipe(
  Flag.withDescription("Do not wait for the end; `projections list` tells how far it is"),
  Flag.withDefault(false),
);

const rebuild = Command.make(
  "rebuild",
  { ...operatorFlags, ...dangerFlags, detach, names },
  ({ json, offline, dryRun, yes, detach, names }) =>
    operate(
      { offline, projecting: !dryRun },
      Effect.gen(function* () {
        const control = yield* ProjectionControl;
        const projections = yield* chosen(names);
        const what = `${projections.map(({ name }) => name).join(", ")} from ${
          count(projections[0]?.head ?? 0)
        } events each, beside the live views, and puts the new rows in their place at the end. Reads go on meanwhile`;
        if (dryRun) {
          return yield* (json
            ? printJson(Schema.Array(ProjectionStatus))(projections)
            : print(`This would build ${what.replace("puts", "put")}.`));
        }
        yield* confirm(`This builds ${what}.`, { yes, json });
        yield* Effect.forEach(projections, ({ name }) => control.build(name, "rebuild"), { discard: true });
        if (!detach) yield* awaitBuilds("rebuild", projections.map(({ name }) => name));
        const after = yield* chosen(projections.map(({ name }) => name));
        yield* (json ? printJson(Schema.Array(ProjectionStatus))(after) : print(table(columns, after)));
      }),
    ),
).pipe(Command.withDescription("Build views anew beside the live ones, and put them in their place"));

const verify = Command.make(
  "verify",
  { ...operatorFlags, detach, names },
  ({ json, offline, detach, names }) =>
    operate(
      { offline, projecting: true },
      Effect.gen(function* () {
        const control = yield* ProjectionControl;
        const projections = (yield* chosen(names)).map(({ name }) => name);
        yield* Effect.forEach(projections, (name) => control.build(name, "verify"), { discard: true });
        if (!detach) yield* awaitBuilds("verify", projections);
        const after = yield* chosen(projections);
        if (detach) {
          return yield* (json
            ? printJson(Schema.Array(ProjectionStatus))(after)
            : note("Verification is under way; `projections status` shows what it found."));
        }
        yield* json
          ? printJson(Schema.Array(ProjectionStatus))(after)
          : Effect.forEach(after, report, { discard: true });
        const wrong = after.filter(({ verification }) =>
          verification === null || verification.differences > 0
        );
        if (wrong.length > 0) {
          return yield* new CommandFailed({
            status: 1,
            message: `${wrong.map(({ name }) => name).join(", ")}: the live view is not what the log says. ` +
              `\`tapedeck projections rebuild ${wrong.map(({ name }) => name).join(" ")}\` mends it.`,
          });
        }
      }),
    ),
).pipe(Command.withDescription("Build views anew and name every row in which the live ones differ"));

/** Prints what a verification found. */
const report = ({ name, verification }: ProjectionStatus): Effect.Effect<void> => {
  if (verification === null) return Effect.void;
  const { rows, position, differences, sample } = verification;
  if (differences === 0) {
    return print(
      `${paint("green", "✓")} ${name}: ${count(rows)} rows at position ${count(position)}, no difference`,
    );
  }
  const more = differences > sample.length ? `\n  … and ${count(differences - sample.length)} more` : "";
  const lines = sample.map(({ id, kind, fields }) =>
    `  ${kind} ${id}${fields.length > 0 ? `: ${fields.join(", ")}` : ""}`
  );
  return print(
    `${paint("red", "✗")} ${name}: ${count(differences)} of ${count(rows)} rows differ\n${
      lines.join("\n")
    }${more}`,
  );
};

const steering = (verb: "pause" | "resume", description: string) =>
  Command.make(verb, { ...operatorFlags, name }, (flags) =>
    operate(
      flags,
      Effect.gen(function* () {
        const control = yield* ProjectionControl;
        yield* control.pause(flags.name, verb === "pause");
        const after = yield* control.status(flags.name);
        yield* (flags.json ? printJson(ProjectionStatus)(after) : print(table(columns, [after])));
      }),
    )).pipe(Command.withDescription(description));

/** `tapedeck projections …`: the views, for operators. */
export const projectionsCommand = Command.make("projections").pipe(
  Command.withDescription("Watch, verify and rebuild the views of the log"),
  Command.withSubcommands([
    list,
    status,
    rebuild,
    verify,
    steering("pause", "Stop a view where it is; reads go on and show that state"),
    steering("resume", "Let a paused view go on"),
  ]),
);
