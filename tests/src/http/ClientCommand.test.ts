import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { clientCommand, patience } from "../../../src/http/ClientCommand.ts";
import { newTenant } from "../../support/Fixtures.ts";

describe("the command of a request", () => {
  it.effect("is the first of its chain, with an id of its own and a deadline from now", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour");
      const tenantId = newTenant();
      const [one, two] = [yield* clientCommand(tenantId), yield* clientCommand(tenantId)];
      assert.notStrictEqual(one.commandId, two.commandId);
      assert.deepStrictEqual(one, {
        tenantId,
        commandId: one.commandId,
        correlationId: one.commandId,
        causationId: null,
        deadline: new Date(3_600_000 + patience),
      });
    }));
});
