import { assert, beforeAll, describe, it } from "@effect/vitest";
import { sine, wav } from "../../support/Audio.ts";
import { assertProblem } from "../../support/Problems.ts";
import { eventually, type Json, type RunningService } from "../../support/RunningService.ts";

const audio = new Uint8Array(wav(sine({ seconds: 0.1 })));

/** Five uploads of one user: file name, session, and whether they are audio. */
const takes = [
  { filename: "Verse.wav", sessionId: "monday", body: audio },
  { filename: "chorus.wav", sessionId: "monday", body: audio },
  { filename: "100%_done.wav", sessionId: "tuesday", body: audio },
  { filename: "Chorus again.wav", sessionId: "tuesday", body: audio },
  { filename: "notes.txt", sessionId: "tuesday", body: new TextEncoder().encode("la la la") },
];

/** How uploads are listed, and what a read waits for. */
export const listing = (service: RunningService): void => {
  const ids: Array<string> = [];
  let position = 0;

  const list = (query: Record<string, string | number>): Promise<Json> =>
    service.json(`/uploads?${new URLSearchParams({ userId: "lister", ...query })}`);
  const namesOf = ({ items }: Json) => items.map(({ filename }: Json) => filename);

  describe("listing uploads", () => {
    beforeAll(async () => {
      for (const { filename, sessionId, body } of takes) {
        const query = new URLSearchParams({ userId: "lister", sessionId, process: '{"analysis":false}' });
        const headers = { "x-filename": encodeURIComponent(filename) };
        const received = await service.json(`/uploads?${query}`, { method: "POST", body, headers });
        ids.unshift(received.id);
        position = received.position;
      }
    });

    it("shows the newest first, and nothing of other users", async () => {
      const { items, nextCursor } = await list({ after: position });
      assert.deepStrictEqual(items.map(({ id }: Json) => id), ids);
      assert.isNull(nextCursor);
      assert.deepStrictEqual([...new Set(items.map(({ userId }: Json) => userId))], ["lister"]);
    });

    it("shows each upload as it is shown alone", async () => {
      await eventually(
        () => list({}),
        ({ items }) => items.every(({ status }: Json) => status !== "received"),
      );
      const { items } = await list({});
      const alone = await Promise.all(ids.map((id) => service.json(`/uploads/${id}`)));
      assert.deepStrictEqual(items, alone);
    });

    it.each([1, 2, 4, 5, 200])("pages by %i without a gap or a repetition", async (limit) => {
      const seen: Array<string> = [];
      let cursor: string | null = null;
      do {
        const page: Json = await list({ limit, ...(cursor !== null && { cursor }) });
        assert.isAtMost(page.items.length, limit);
        seen.push(...page.items.map(({ id }: Json) => id));
        cursor = page.nextCursor;
        if (cursor !== null) assert.strictEqual(cursor, seen.at(-1));
      } while (cursor !== null && seen.length <= ids.length);
      assert.deepStrictEqual(seen, ids);
    });

    it.each<readonly [Record<string, string>, ReadonlyArray<string>]>([
      [{ sessionId: "monday" }, ["chorus.wav", "Verse.wav"]],
      [{ sessionId: "wednesday" }, []],
      [{ userId: "nobody" }, []],
      [{ search: "CHORUS" }, ["Chorus again.wav", "chorus.wav"]],
      [{ search: "chorus", sessionId: "tuesday" }, ["Chorus again.wav"]],
      [{ search: "%_" }, ["100%_done.wav"]],
      [{ search: "'; DROP TABLE uploads; --" }, []],
      [{ status: "rejected" }, ["notes.txt"]],
      [{ status: "ready", sessionId: "tuesday" }, ["Chorus again.wav", "100%_done.wav"]],
      [{ status: "deleted" }, []],
    ])("filters by %j", async (query, names) => {
      await eventually(() => list({ status: "received" }), ({ items }) => items.length === 0);
      assert.deepStrictEqual(namesOf(await list(query)), names);
    });

    it.each([
      ["limit", "0"],
      ["limit", "201"],
      ["limit", "ten"],
      ["limit", "1.5"],
      ["status", "lost"],
      ["cursor", "upl_1"],
      ["after", "soon"],
      ["after", "-1"],
    ])("refuses %s=%s", async (field, value) => {
      const response = await service.call(`/uploads?${field}=${value}`);
      await assertProblem(response, "INVALID_PARAMETER", { field });
    });
  });

  describe("reading one's own writes", () => {
    it("shows what was written when the position is in the query or in the header", async () => {
      for (const style of ["query", "header"]) {
        const { id, position } = await service.json("/uploads?process=%7B%22analysis%22:false%7D", {
          method: "POST",
          body: audio,
        });
        const response = style === "query"
          ? await service.call(`/uploads/${id}?after=${position}`)
          : await service.call(`/uploads/${id}`, { headers: { "Tapedeck-After": String(position) } });
        assert.strictEqual(response.status, 200, style);
        assert.isAtLeast((await response.json()).position, position);
      }
    });

    it("gives up on a position that does not come, and says when to try again", async () => {
      const response = await service.call("/uploads?after=1000000000");
      assert.strictEqual(response.headers.get("retry-after"), "1");
      await assertProblem(response, "PROJECTION_BEHIND");
    });

    it("refuses a header that is no position", async () => {
      const response = await service.call("/uploads", { headers: { "Tapedeck-After": "soon" } });
      await assertProblem(response, "INVALID_PARAMETER", { field: "tapedeck-after" });
    });
  });
};
