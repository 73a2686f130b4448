import { Context, Effect, Layer, Schema } from "effect";
import { resuming } from "../Resuming.ts";
import { Lease, leaseSeconds } from "./Lease.ts";
import { relayLog } from "./RelayLog.ts";

/** How often a relay that stands by looks whether the lease is free. */
const standBy = "500 millis";

/** Another process has taken the lease: it took this one for dead. */
class LeaseLost extends Schema.TaggedError<LeaseLost>()("LeaseLost", { fencing: Schema.Int }) {
  override get message(): string {
    return `another process has taken the relay's lease ${this.fencing}`;
  }
}

/**
 * The relay of this process: it brings the log into the stream of events while it holds the lease, and stands by while another process
 * does.
 */
export class Relay extends Context.Service<Relay, {
  /** Whether it does one or the other, rather than wait out a failure. */
  readonly isWell: Effect.Effect<boolean>;
}>()("tapedeck/services/relay/Relay") {
  static readonly layer = (options: { readonly keep: number } = { keep: 10_000 }) =>
    Layer.effect(
      Relay,
      Effect.gen(function* () {
        const lease = yield* Lease;
        let isWell = false;

        const acquire = Effect.gen(function* () {
          for (let isFirst = true;; isFirst = false) {
            const fencing = yield* lease.take;
            isWell = true;
            if (fencing !== null) return fencing;
            if (isFirst) yield* Effect.logInfo("Another process relays the log: this one stands by");
            yield* Effect.sleep(standBy);
          }
        });

        // While the database is out of reach the lease may be lost without notice. That is no danger: the server refuses a
        // second writer, and what both write to one place is the same event.
        const keep = (fencing: number) =>
          Effect.sleep(`${leaseSeconds / 3} seconds`).pipe(
            Effect.andThen(lease.renew(fencing)),
            Effect.catchTag(
              "LeaseError",
              (error) => Effect.as(Effect.logWarning("The relay's lease was not renewed", error), true),
            ),
            Effect.flatMap((isHeld) => isHeld ? Effect.void : Effect.fail(new LeaseLost({ fencing }))),
            Effect.forever,
          );

        const lead = Effect.acquireUseRelease(
          acquire,
          (fencing) =>
            Effect.logInfo(`This process relays the log, with lease ${fencing}`).pipe(
              Effect.andThen(Effect.raceFirst(relayLog({ ...options, fencing }), keep(fencing))),
            ),
          (fencing) => Effect.ignore(lease.release(fencing)),
        );

        yield* resuming("The relay", Effect.ensuring(lead, Effect.sync(() => void (isWell = false)))).pipe(
          Effect.forkScoped,
        );
        return Relay.of({ isWell: Effect.sync(() => isWell) });
      }),
    );
}
