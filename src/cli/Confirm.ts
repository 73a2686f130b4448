import { Effect } from "effect";
import process from "node:process";
import { createInterface } from "node:readline";
import { CommandFailed } from "./CommandFailed.ts";
import { note } from "./Printing.ts";

/** Flags of a command that changes something which is not easily changed back. */
export interface Consent {
  readonly yes: boolean;
  readonly json: boolean;
}

/** Says what a command is about to do and asks whether it should; away from a terminal, and for scripts, `--yes` must have said so. */
export const confirm = Effect.fnUntraced(function* (what: string, { yes, json }: Consent) {
  if (yes) return json ? undefined : yield* note(what);
  if (json || !process.stdin.isTTY || !process.stderr.isTTY) {
    return yield* new CommandFailed({
      status: 2,
      message: `${what}\nAdd --yes to do it, or --dry-run to see what would happen.`,
    });
  }
  yield* note(what);
  const answer = yield* Effect.callback<string>((resume) => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    // Ctrl-C and Ctrl-D close it without an answer.
    terminal.once("close", () => resume(Effect.succeed("")));
    terminal.question("Go ahead? [y/N] ", (answer) => {
      resume(Effect.succeed(answer));
      terminal.close();
    });
    return Effect.sync(() => terminal.close());
  });
  if (!/^y(es)?$/i.test(answer.trim())) {
    return yield* new CommandFailed({ status: 1, message: "Nothing was done." });
  }
});
