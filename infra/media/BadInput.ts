import type { ErrorCode, Failure } from "../../domain/ErrorCode.ts";
import { MediaError } from "../../services/MediaEngine.ts";
import type { ProcessFailed } from "./FfmpegProcess.ts";

/** The failure of a job that fails with this input every time: why, in a sentence, and in which step. */
export const badInput = (code: ErrorCode, stage: Failure["stage"], detail: string): MediaError =>
  new MediaError({ reason: { _tag: "BadInput", failure: { code, stage, detail } } });

/** The failure of a file in which no sample could be decoded. */
export const nothingDecoded: MediaError = badInput(
  "DECODE_FAILED",
  "decode",
  "Nothing in the audio could be decoded",
);

/** The failure of audio that lasts longer than allowed. */
export const tooLong = (stage: Failure["stage"], maxSeconds: number): MediaError =>
  badInput("DURATION_LIMIT", stage, `The audio lasts longer than the ${maxSeconds} seconds that are allowed`);

/** The failure of work that takes more CPU time, or time, than allowed. */
export const tooSlow = (stage: Failure["stage"]): MediaError =>
  badInput("TIME_LIMIT", stage, "The work took longer than is allowed for audio of this length");

/** The failure of a process: a limit that it reached, or else the given code. */
export const fromProcess =
  (stage: Failure["stage"], otherwise: { readonly code: ErrorCode; readonly detail: string }) =>
  ({ reason, log }: ProcessFailed): MediaError => {
    switch (reason) {
      case "TimeLimit":
        return tooSlow(stage);
      case "OutputLimit":
        return outputTooLarge;
      case "Crashed":
        return badInput(otherwise.code, stage, `${otherwise.detail}: ffmpeg crashed`);
      case "Refused": {
        const said = reasonIn(log);
        return badInput(otherwise.code, stage, said ? `${otherwise.detail}: ${said}` : otherwise.detail);
      }
    }
  };

/** ffmpeg's exit code when most of the input could not be decoded. */
const undecodableExit = 69;

/** The failure of a process that decodes and encodes: of the one or the other. */
export const explain = (failed: ProcessFailed): MediaError => {
  const isDecoding = failed.exitCode === undecodableExit ||
    complaintsIn(failed.log).some((line) =>
      /while opening decoder|Cannot determine format of input/.test(line)
    );
  return isDecoding
    ? fromProcess("decode", { code: "DECODE_FAILED", detail: "The audio could not be decoded" })(failed)
    : fromProcess("encode", { code: "ENCODE_FAILED", detail: "An output could not be encoded" })(failed);
};

/** The failure of an output that is larger than allowed. */
export const outputTooLarge: MediaError = badInput(
  "OUTPUT_LIMIT",
  "encode",
  "An output would be larger than is allowed",
);

/** The lines that tell of errors. ffmpeg prints tags into its log too, but never at the beginning of a line. */
const complaintsIn = (log: string): ReadonlyArray<string> =>
  log.split("\n").filter((line) => /^(?:\[[^\]]*\] )*\[(?:error|fatal)\]/.test(line));

/** ffmpeg's own words, without prefixes, addresses and paths. */
const reasonIn = (log: string): string | undefined =>
  complaintsIn(log)
    .findLast((line) => !summaries.test(line))
    ?.replace(/^(?:\[[^\]]*\] *)+/, "")
    .replace(/(?:file:)?\/[^\s:]+/g, "the file")
    .trim();

/** These lines only tell that something went wrong; one before them tells what. */
const summaries =
  /Error (?:while (?:opening|processing)|initializing|reinitializing)|Failed to (?:configure|inject)/;
