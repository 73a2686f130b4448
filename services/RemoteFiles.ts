import { Context, type Effect, Schema, type Scope, type Stream } from "effect";

/** Why a file could not be fetched. */
export class RemoteFileError extends Schema.TaggedError<RemoteFileError>()("RemoteFileError", {
  /** `NotAllowed`: the rules of the service forbid it; `Failed`: the other side did not deliver. */
  reason: Schema.Literals(["NotAllowed", "Failed"]),
  /** A sentence with nothing of the answer in it but the status. That of `NotAllowed` is for the log: clients must learn nothing from it. */
  detail: Schema.String,
}) {
  override get message(): string {
    return `${this.reason}: ${this.detail}`;
  }
}

/** A file that another server has begun to send. */
export interface RemoteFile {
  readonly contentType: string | null;
  /** The name that the server, or else the URL, has for it, as it came: not yet a harmless one; empty where there is none. */
  readonly name: string;
  /** The size that the server announces; `null` where it does not. */
  readonly sizeBytes: number | null;
  /** The bytes, to be read once. Fails unless they come to the announced end. */
  readonly content: Stream.Stream<Uint8Array, RemoteFileError>;
}

/** Files of other servers. */
export class RemoteFiles extends Context.Service<RemoteFiles, {
  /** Opens the file behind a URL that a client has sent, if the rules allow; the connection ends with the scope. */
  readonly open: (url: string) => Effect.Effect<RemoteFile, RemoteFileError, Scope.Scope>;
}>()("tapedeck/services/RemoteFiles") {}
