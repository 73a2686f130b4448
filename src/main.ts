/** The command line: `tapedeck start`, and the operators' commands. */
import "./FiberContext.ts";
import { NodeRuntime, NodeServices } from "@effect/platform-node";
import { Effect } from "effect";
import { Command } from "effect/cli";
import process from "node:process";
import { analysisCommand } from "./cli/AnalysisCommand.ts";
import { CommandFailed } from "./cli/CommandFailed.ts";
import { eventsCommand } from "./cli/EventsCommand.ts";
import { parkedCommand } from "./cli/ParkedCommand.ts";
import { projectionsCommand } from "./cli/ProjectionsCommand.ts";
import { startCommand } from "./Start.ts";

const command = Command.make("tapedeck").pipe(
  Command.withDescription("An event-sourced audio processing service"),
  Command.withSubcommands([
    startCommand,
    projectionsCommand,
    eventsCommand,
    parkedCommand,
    analysisCommand,
  ]),
);

// The first signal lets the service finish; whoever sends a second one has waited long enough.
let signals = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (++signals > 1) process.exit(130);
  });
}

Command.run(command, { version: "0.1.0" }).pipe(
  // What is wrong with it has been said, below the help.
  Effect.catchTag(
    "ShowHelp",
    ({ errors }) =>
      errors.length > 0
        ? new CommandFailed({ status: 2, message: "This is not how it is used" })
        : Effect.void,
  ),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
);
