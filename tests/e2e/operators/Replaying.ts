import { assert, describe, it } from "@effect/vitest";
import type { Json, RunningService } from "../../support/RunningService.ts";
import { type Events, jsonOf } from "./Reading.ts";

/** Publishing events again. */
export const replaying = (
  { service, events }: { readonly service: RunningService; readonly events: Events },
): void => {
  describe("replaying", () => {
    it("says in a dry run how many events would go", async () => {
      const { head } = await service.json("/admin/log");
      const { stdout, status } = await events("replay", "--from", "2", "--dry-run");
      assert.strictEqual(status, 0);
      assert.match(stdout, new RegExp(`would publish ${head - 1} events`));
      const { items: [{ streamId, version }] } = await service.json("/admin/events?type=UploadReady");
      const dry = jsonOf(await events("replay", "--stream", streamId, "--dry-run", "--json"));
      assert.include(dry, { replayed: 0, total: version });
    });

    it("publishes a range or a stream, and nothing comes of it", async () => {
      const { head } = await service.json("/admin/log");
      const range = jsonOf(await events("replay", "--from", "1", "--to", "4", "--yes", "--json"));
      assert.include(range, { replayed: 4, total: 4 });
      const { items: [{ streamId }] } = await service.json("/admin/events?type=UploadReceived");
      const stream = jsonOf(await events("replay", "--stream", streamId, "--yes", "--json"));
      assert.strictEqual(stream.replayed, stream.total);
      assert.notStrictEqual(stream.replayId, range.replayId);
      const { stderr } = await events("replay", "--from", "2", "--to", "3", "--yes");
      assert.match(stderr, /Replayed 2 events/);
      assert.strictEqual((await service.json("/admin/log")).head, head);
    });

    it("refuses a request that names neither a range nor a stream", async () => {
      for (const body of [{}, { from: 0 }, { to: 3 }, { from: 1, streamId: "a" }]) {
        const response = await service.call("/admin/events/replay", {
          method: "POST",
          body: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        });
        const problem: Json = await response.json();
        assert.strictEqual(problem.code, "INVALID_PARAMETER", JSON.stringify(body));
      }
    });
  });
};
