/** The command line: `tapedeck start`. */
import "./FiberContext.ts";
import { NodeRuntime, NodeServices } from "@effect/platform-node";
import { Effect } from "effect";
import { Command } from "effect/cli";
import process from "node:process";
import { start } from "./Start.ts";

const command = Command.make("tapedeck").pipe(
  Command.withDescription("An event-sourced audio processing service"),
  Command.withSubcommands([
    Command.make("start", {}, () => start).pipe(
      Command.withDescription("Run the service; settings come from environment variables"),
    ),
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
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
);
