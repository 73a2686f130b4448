import {
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
} from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { Context, Effect, Latch, Layer, Redacted, Schema, Stream } from "effect";

/** NATS did not do what it was asked for. */
export class NatsError extends Schema.TaggedError<NatsError>()("NatsError", {
  reason: Schema.Literals([
    /** There is no server at the URL, or it does not let this program in. */
    "Unreachable",
    /** The server is older than 2.9, or its JetStream is off. */
    "Unfit",
    /** A request failed, or was not answered. */
    "Failed",
  ]),
  cause: Schema.Defect(),
}) {
  override get message(): string {
    return this.cause instanceof Error ? this.cause.message : String(this.cause);
  }
}

/** A connection to a NATS server with JetStream. It outlives the server: when it is lost, it is tried again for ever. */
export class Nats extends Context.Service<Nats, {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Asks for something as soon as there is a connection; fails when that is lost before the answer. */
  readonly ask: <A>(request: () => Promise<A>) => Effect.Effect<A, NatsError>;
  /** Waits while the connection is lost. */
  readonly connected: Effect.Effect<void>;
  /** Waits until the connection is lost the next time. */
  readonly disconnected: Effect.Effect<void>;
  /** Fails unless the server answers. */
  readonly check: Effect.Effect<void, NatsError>;
}>()("tapedeck/infra/nats/Nats") {
  static readonly layer = (url: Redacted.Redacted) => Layer.effect(Nats, make(url));
}

/** Asks NATS for something, whether there is a connection or not; without one there will be no answer in time. */
export const asking = <A>(request: () => Promise<A>): Effect.Effect<A, NatsError> =>
  Effect.tryPromise({ try: request, catch: (cause) => new NatsError({ reason: "Failed", cause }) });

/** Whether a request failed because of what JetStream calls by this code, one of `JetStreamApiCodes`. */
export const failedWith = (code: number) => ({ cause }: NatsError): boolean =>
  cause instanceof JetStreamApiError && cause.code === code;

/** How long the server may take for an answer, in milliseconds. */
export const patience = 5_000;

const optionsOf = (url: Redacted.Redacted) => {
  const { protocol, hostname, port, username, password } = new URL(Redacted.value(url));
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  return {
    servers: `${hostname}:${port || 4222}`,
    ...(protocol === "tls:" ? { tls: {} } : {}),
    ...(user === "" ? {} : pass === "" ? { token: user } : { user, pass }),
  };
};

const make = Effect.fnUntraced(function* (url: Redacted.Redacted) {
  const connection = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () =>
        connect({
          ...optionsOf(url),
          name: "tapedeck",
          timeout: patience,
          pingInterval: 10_000,
          reconnectTimeWait: 250,
          maxReconnectAttempts: -1,
          // A server that is set up anew may not know its users at once.
          ignoreAuthErrorAbort: true,
          noAsyncTraces: true,
        }),
      catch: (cause) => new NatsError({ reason: "Unreachable", cause }),
    }),
    (connection) => Effect.promise(() => connection.close()),
  );
  const unfit = (message: string) => new NatsError({ reason: "Unfit", cause: new Error(message) });
  const version = connection.info?.version ?? "unknown";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 2 || (major === 2 && minor < 9)) {
    return yield* unfit(`the server is version ${version}, 2.9 or later is needed`);
  }
  const client = jetstream(connection, { timeout: patience });
  const manager = yield* asking(() => client.jetstreamManager(false));
  yield* Effect.mapError(
    asking(() => manager.getAccountInfo()),
    ({ message }) => unfit(`JetStream is not enabled on the server: ${message}`),
  );

  const up = yield* Latch.make(true);
  const down = yield* Latch.make();
  yield* Stream.fromAsyncIterable(connection.status(), (cause) => new NatsError({ reason: "Failed", cause }))
    .pipe(
      Stream.runForEach((status) => {
        switch (status.type) {
          case "disconnect":
            return Latch.close(up).pipe(
              Effect.andThen(Latch.release(down)),
              Effect.andThen(
                Effect.logWarning("The connection to NATS is lost; it is tried until it is back"),
              ),
            );
          case "reconnect":
            return Effect.andThen(Effect.logInfo("The connection to NATS is back"), Latch.open(up));
          case "error":
            return Effect.logWarning("NATS complained", status.error);
          default:
            return Effect.void;
        }
      }),
      Effect.ignore,
      Effect.forkScoped,
    );

  const [connected, disconnected] = [Latch.await(up), Latch.await(down)];
  const lost = Effect.andThen(
    disconnected,
    new NatsError({ reason: "Failed", cause: new Error("the connection was lost before the answer came") }),
  );

  return Nats.of({
    connection,
    client,
    manager,
    ask: (request) => Effect.andThen(connected, Effect.raceFirst(asking(request), lost)),
    connected,
    disconnected,
    check: Effect.asVoid(asking(() => connection.rtt())),
  });
});
