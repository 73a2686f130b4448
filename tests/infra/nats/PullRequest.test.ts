import { AckPolicy } from "@nats-io/jetstream";
import { assert, it } from "@effect/vitest";
import { Context, Effect, Fiber, Layer, Redacted } from "effect";
import { Nats } from "../../../infra/nats/Nats.ts";
import { pull } from "../../../infra/nats/PullRequest.ts";
import { scratchNats } from "../../support/ScratchNats.ts";

const consumer = { stream: "EVENTS", durable: "reader" };

it.effect("A request for messages leaves a server that ends in order to whoever watches the connection", () =>
  Effect.gen(function* () {
    const server = yield* scratchNats;
    const nats = Context.get(yield* Layer.build(Nats.layer(Redacted.make(server.url))), Nats);
    yield* nats.ask(async () => {
      await nats.manager.streams.add({ name: consumer.stream, subjects: ["event"] });
      await nats.manager.consumers.add(consumer.stream, {
        durable_name: consumer.durable,
        ack_policy: AckPolicy.Explicit,
      });
    });
    const disconnected = yield* Effect.forkChild(nats.disconnected, { startImmediately: true });
    const pulling = yield* Effect.forkChild(pull(nats, consumer, 1, () => {}), { startImmediately: true });
    yield* nats.check;
    yield* Effect.promise(server.quit);
    yield* Fiber.join(disconnected);
    assert.isUndefined(pulling.pollUnsafe());
  }));
