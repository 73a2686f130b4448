import { Schema } from "effect";

/** A program that Tapedeck cannot do without is absent or unfit; `fix` tells the operator what to run. */
export class MissingTool extends Schema.TaggedError<MissingTool>()("MissingTool", {
  /** What is needed, such as "ffmpeg 5.1 or later". */
  tool: Schema.String,
  reason: Schema.Literals(["NotFound", "TooOld", "InstallFailed"]),
  /** What was found instead, or the end of the package manager's output. */
  detail: Schema.String,
  /** The exact command that installs it, or where to get it. */
  fix: Schema.String,
}) {
  override get message(): string {
    return `${this.tool} is needed: ${this.detail}\nTo fix it: ${this.fix}`;
  }
}
