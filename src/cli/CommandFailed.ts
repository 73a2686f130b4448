import { Runtime, Schema } from "effect";

/** A command did not do what it was asked for; what is wrong and what to do next is one line. */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  message: Schema.String,
  /** The exit status of the program: 2 for bad usage, else 1. */
  status: Schema.Literals([1, 2]),
}) {
  override readonly [Runtime.errorExitCode] = this.status;
  override readonly [Runtime.errorReported] = false;
}
