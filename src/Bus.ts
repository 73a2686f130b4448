import { Context, Effect, Layer } from "effect";
import * as InProcessBus from "../infra/embedded/InProcessBus.ts";
import * as JetStreamBus from "../infra/nats/JetStreamBus.ts";
import * as JetStreamRelayStream from "../infra/nats/JetStreamRelayStream.ts";
import { Nats } from "../infra/nats/Nats.ts";
import * as PgBusClaim from "../infra/postgres/PgBusClaim.ts";
import * as PgLease from "../infra/postgres/PgLease.ts";
import { Relay } from "../services/relay/Relay.ts";
import { processName } from "./ProcessName.ts";
import type { ReadinessPart } from "./Readiness.ts";
import type { Settings } from "./Settings.ts";

/** The readiness of the bus and of what feeds it. */
export class BusReadiness
  extends Context.Service<BusReadiness, ReadonlyArray<ReadinessPart>>()("tapedeck/BusReadiness") {}

/** Accepted work is in the log whether the bus carries it now or later, so requests can do without it. */
const isEssentialFor = ({ roles }: Settings): boolean => !roles.includes("api");

/** Two buses on one database would act on each event twice. The embedded database has but one process, and one session. */
const claim = ({ databaseUrl }: Settings, isAlone: boolean) =>
  databaseUrl === null ? Layer.empty : PgBusClaim.layer({ isAlone });

/** The bus inside this process. */
export const inProcess = (settings: Settings) =>
  Layer.merge(InProcessBus.layer, Layer.succeed(BusReadiness, [])).pipe(
    Layer.provide(claim(settings, true)),
  );

/** The bus on NATS, and the relay that feeds it where this process has that role. */
export const overNats = (settings: Settings) => {
  const isEssential = isEssentialFor(settings);
  const bus = Layer.effect(
    BusReadiness,
    Nats.useSync(({ check }): ReadonlyArray<ReadinessPart> => [
      { name: "bus", check, complaint: "NATS does not answer", isEssential },
    ]),
  );
  const relay = Layer.effect(
    BusReadiness,
    Effect.gen(function* () {
      const { isWell } = yield* Relay;
      const check = Effect.filterOrFail(isWell, (well) => well, () => "it waits out a failure");
      return [
        ...(yield* BusReadiness),
        { name: "relay", check, complaint: "The relay does not bring the log into the stream", isEssential },
      ];
    }),
  ).pipe(
    Layer.provide(Relay.layer()),
    Layer.provide(JetStreamRelayStream.layer),
    Layer.provide(PgLease.layer({ name: "relay", holder: processName })),
    Layer.provide(bus),
  );
  return Layer.merge(JetStreamBus.layer, settings.roles.includes("relay") ? relay : bus).pipe(
    Layer.provide(claim(settings, false)),
  );
};
