import { Effect, Layer, Semaphore } from "effect";
import { EventBus } from "../EventBus.ts";
import { Limits } from "../Limits.ts";
import { makeMeasureUpload } from "./MeasureUpload.ts";
import { makeProbeUpload } from "./ProbeUpload.ts";
import { makeRemoveObjects } from "./RemoveObjects.ts";
import { makeRenderConversion } from "./RenderConversion.ts";
import { makeRequestJobs } from "./RequestJobs.ts";
import { makeWithdrawUpload } from "./WithdrawUpload.ts";

/** Runs every reactor until the scope closes. Renders and measurements share `Limits.workerConcurrency` slots. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* EventBus;
    const { workerConcurrency: count } = yield* Limits;
    const slots = { permits: yield* Semaphore.make(count), count };
    yield* bus.consume(yield* makeProbeUpload(count));
    yield* bus.consume(yield* makeRequestJobs);
    yield* bus.consume(yield* makeRenderConversion(slots));
    yield* bus.consume(yield* makeMeasureUpload(slots));
    yield* bus.consume(yield* makeWithdrawUpload);
    yield* bus.consume(yield* makeRemoveObjects);
  }),
);
