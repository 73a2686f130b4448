import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import process from "node:process";
import type { Measure, Outcome } from "./Measure.ts";

/** A measure and what came out of it. */
export interface Finding {
  readonly measure: Measure;
  readonly outcome: Outcome;
}

/** When, on what and how large a run was. */
export interface Run {
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  readonly events: number;
  readonly rounds: number;
}

/** Describes a run that ends now. It names no host. */
export const describeRun = (
  { events, rounds, postgres }: {
    readonly events: number;
    readonly rounds: number;
    readonly postgres: string;
  },
): Run => ({
  date: new Date().toISOString().slice(0, 10),
  machine: `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${
    Math.round(totalmem() / 2 ** 30)
  } GiB of memory`,
  versions: `Postgres ${postgres.split(" ")[0]}, Deno ${process.versions["deno"] ?? "unknown"}, ${
    packages().join(", ")
  }`,
  events,
  rounds,
});

/** The packages that the figures depend on, as they are pinned. */
const packages = (): ReadonlyArray<string> => {
  const pins = readFileSync(new URL("../deno.json", import.meta.url), "utf8");
  return ["effect", "@effect/sql-pg", "@event-driven-io/emmett-postgresql"].map((name) => {
    const version = new RegExp(`"npm:${name}@([^"]+)"`).exec(pins)?.[1];
    return `\`${name}\` ${version ?? "unknown"}`;
  });
};

const figure = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(1);

const goalOf = ({ goal }: Measure): string => "atLeast" in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`;

const spreadOf = ({ least, greatest }: Outcome): string => `${least.toFixed(2)}–${greatest.toFixed(2)}`;

/** One finding in one line, for a terminal. */
export const lineOf = ({ measure, outcome }: Finding): string =>
  `${outcome.met ? "reached" : "MISSED "}  ${measure.name.padEnd(16)} ${outcome.ratio.toFixed(2)} (${
    goalOf(measure)
  }; ${spreadOf(outcome)})  ${figure(outcome.ours)} beside ${figure(outcome.baseline)} ${measure.unit}`;

/** All findings as a table in Markdown, below a line about the run. */
export const tableOf = (run: Run, findings: ReadonlyArray<Finding>): string => {
  const rows = findings.map(({ measure, outcome }) =>
    [
      `\`${measure.name}\`: ${measure.title}`,
      `${figure(outcome.ours)} ${measure.unit}`,
      measure.baseline,
      `${figure(outcome.baseline)} ${measure.unit}`,
      `**${outcome.ratio.toFixed(2)}**`,
      spreadOf(outcome),
      goalOf(measure),
      outcome.met ? "yes" : "no",
    ].join(" | ")
  );
  return [
    `${run.date}, ${run.machine}; ${run.versions}; a large log has ${
      run.events.toLocaleString("en")
    } events; ${run.rounds} rounds.`,
    "",
    "| measure | Tapedeck | baseline | its figure | ratio | spread | to reach | reached |",
    "|---|---|---|---|---|---|---|---|",
    ...rows.map((row) => `| ${row} |`),
  ].join("\n");
};

const begin = "<!-- figures: begin -->";
const end = "<!-- figures: end -->";

/** A text with what stands between the two markers replaced by a table. */
export const withTable = (text: string, table: string): string => {
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`The text lacks the markers ${begin} and ${end}`);
  }
  return `${before}${begin}\n\n${table}\n\n${end}${after}`;
};
