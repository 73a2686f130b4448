import { Context, type Effect, Schema } from "effect";
import type { RecogniserName, Speech } from "../domain/transcript/Transcript.ts";
import type { OnProgress } from "./MediaEngine.ts";

/** Why speech was not recognised; the detail is for the log, and holds no secret. */
export class RecogniserError extends Schema.TaggedError<RecogniserError>()("RecogniserError", {
  /**
   * `Unavailable`: the program or the service could not be reached, or had no time, also not when it was asked again; `Refused`: it
   * said no or broke down; `Unreadable`: its answer is not what such recognisers answer.
   */
  reason: Schema.Literals(["Unavailable", "Refused", "Unreadable"]),
  detail: Schema.String,
}) {
  override get message(): string {
    return `${this.reason}: ${this.detail}`;
  }
}

/** The failure of an answer that a schema refuses. */
export const unreadable = ({ message }: Schema.SchemaError): RecogniserError =>
  // It quotes what it refuses, however long that is.
  new RecogniserError({ reason: "Unreadable", detail: message.slice(0, 500) });

/** A file to recognise the speech in. */
export interface SpeechFile {
  /** A WAV file of one channel of 16-bit samples at 16 kHz behind a header of 44 bytes, which the recogniser may change. */
  readonly path: string;
  /** The private directory that the file lies in. */
  readonly workspace: string;
  readonly seconds: number;
  readonly onProgress: OnProgress;
}

/** Writes down what is said. An interruption ends what it has begun. */
export interface Recogniser {
  readonly name: RecogniserName;
  readonly transcribe: (file: SpeechFile) => Effect.Effect<Speech, RecogniserError>;
}

/** The recogniser of this service; by default there is none. */
export const Recogniser = Context.Reference<Recogniser | null>("tapedeck/services/Recogniser", {
  defaultValue: () => null,
});
