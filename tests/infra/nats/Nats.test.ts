import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Redacted } from "effect";
import { inspect } from "node:util";
import { Nats } from "../../../infra/nats/Nats.ts";
import { type ScratchNats, scratchNatsWith } from "../../support/ScratchNats.ts";

/** Connects to a server with something before the `@` of its URL. */
const connecting = ({ url }: ScratchNats, credentials: string) =>
  Layer.build(Nats.layer(Redacted.make(url.replace("//", `//${credentials}@`))));

describe("A connection to NATS", () => {
  it.effect("is let in by a user's password, percent-encoded in the URL", () =>
    Effect.gen(function* () {
      const server = yield* scratchNatsWith("--user", "tapedeck", "--pass", "p@ss/%");
      yield* connecting(server, "tapedeck:p%40ss%2F%25");
    }));

  it.effect("is let in by a token, percent-encoded in the URL", () =>
    Effect.gen(function* () {
      const server = yield* scratchNatsWith("--auth", "t@ken");
      yield* connecting(server, "t%40ken");
    }));

  it.effect("that is not let in tells so, without the password", () =>
    Effect.gen(function* () {
      const server = yield* scratchNatsWith("--user", "tapedeck", "--pass", "right");
      const refused = yield* Effect.flip(connecting(server, "tapedeck:mistaken"));
      assert.strictEqual(refused.reason, "Unreachable");
      assert.match(refused.message, /Authorization Violation/i);
      assert.notInclude(inspect(refused, { depth: 20 }), "mistaken");
    }));
});
