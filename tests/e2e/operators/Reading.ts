import { assert, describe, it } from "@effect/vitest";
import type { Ran } from "../../support/CommandLine.ts";
import { startCommand } from "../../support/CommandLine.ts";
import { type Json, type RunningService } from "../../support/RunningService.ts";

/** Runs `tapedeck events …`. */
export type Events = (...args: ReadonlyArray<string>) => Promise<Ran>;

/** The JSON that a command printed, which is all that it printed. */
export const jsonOf = ({ status, stdout, stderr }: Ran): Json => {
  assert.strictEqual(status, 0, stderr);
  assert.match(stdout, /^[^\n]+\n$/);
  return JSON.parse(stdout);
};

/** Looking at the log. */
export const reading = (
  { service, events, uploadId }: {
    readonly service: RunningService;
    readonly events: Events;
    readonly uploadId: string;
  },
): void => {
  describe("reading the log", () => {
    it("lists events newest first, as the API does, page after page", async () => {
      const whole = await service.json("/admin/events");
      const positions = whole.items.map(({ position }: Json) => position);
      assert.isAbove(positions.length, 5);
      assert.deepStrictEqual(
        positions,
        positions.map((_: number, index: number) => positions.length - index),
      );
      assert.isNull(whole.nextCursor);
      const first = jsonOf(await events("list", "--json", "--limit", "3"));
      assert.deepStrictEqual(first.items, whole.items.slice(0, 3));
      assert.strictEqual(first.nextCursor, positions[2]);
      const second = jsonOf(await events("list", "--json", "--cursor", String(first.nextCursor)));
      assert.deepStrictEqual([...first.items, ...second.items], whole.items);
    });

    it("finds events by what they are and by when they were written", async () => {
      const { items } = await service.json("/admin/events");
      const middle = items[3];
      const find = async (query: string) => (await service.json(`/admin/events?${query}`)).items;
      const matching = (keep: (event: Json) => boolean) => items.filter(keep);
      assert.deepStrictEqual(await find("type=UploadReady"), matching(({ type }) => type === "UploadReady"));
      assert.lengthOf(await find("type=UploadReady"), 1);
      assert.deepStrictEqual(
        await find(`stream=${encodeURIComponent(middle.streamId)}`),
        matching(({ streamId }) => streamId === middle.streamId),
      );
      assert.deepStrictEqual(await find(`correlation=${middle.correlationId}`), items);
      assert.deepStrictEqual(await find("correlation=cmd_other"), []);
      assert.deepStrictEqual(await find("tenant=default"), items);
      assert.deepStrictEqual(await find("tenant=other"), []);
      assert.deepStrictEqual(
        await find("after=2&before=5"),
        matching(({ position }) => position > 2 && position < 5),
      );
      assert.deepStrictEqual(
        await find(`after=${middle.recordedAt}`),
        matching(({ recordedAt }) => recordedAt > middle.recordedAt),
      );
      assert.deepStrictEqual(
        await find(`before=${middle.recordedAt}&limit=1`),
        matching(({ recordedAt }) => recordedAt < middle.recordedAt).slice(0, 1),
      );
      const flags = [
        "--type",
        "UploadReady",
        "--tenant",
        "default",
        "--after",
        "2020-01-01T00:00:00Z",
        "--before",
        "9",
      ];
      assert.deepStrictEqual(
        jsonOf(await events("list", "--json", ...flags)).items,
        await find("type=UploadReady"),
      );
    });

    it("prints a table for people, without colours where there is no terminal", async () => {
      const { status, stdout } = await events("list", "--type", "UploadReceived");
      assert.strictEqual(status, 0);
      const [head, row, ...rest] = stdout.trimEnd().split("\n");
      assert.match(head ?? "", /^POSITION {2}RECORDED +TYPE +VERSION {2}STREAM$/);
      assert.match(
        row ?? "",
        new RegExp(`^ +1 {2}\\d{4}-[^ ]+Z {2}UploadReceived +1 {2}default/${uploadId}$`),
      );
      assert.deepStrictEqual(rest, []);
      assert.notInclude(stdout, "\u001b");
    });

    it("shows an event by position or id, with its trace and the events that led to it", async () => {
      const { items } = await service.json("/admin/events");
      const requested = items.find(({ type }: Json) => type === "ConversionRequested");
      const shown = jsonOf(await events("show", "--json", String(requested.position)));
      assert.deepStrictEqual(shown.event, requested);
      assert.deepStrictEqual(shown.causes.map(({ type }: Json) => type), ["UploadReady", "UploadReceived"]);
      assert.strictEqual(shown.traceId, requested.traceparent.split("-")[1]);
      assert.deepStrictEqual(await service.json(`/admin/events/${requested.eventId}`), shown);
      const { stdout } = await events("show", requested.eventId);
      for (const part of [requested.eventId, shown.traceId, '"format": "flac"', "CAUSED BY"]) {
        assert.include(stdout, part);
      }
    });

    it("tells where the log is", async () => {
      const status = jsonOf(await events("status", "--json"));
      const { items: [last] } = await service.json("/admin/events?limit=1");
      assert.strictEqual(status.head, last.position);
      assert.strictEqual(status.lastRecordedAt, last.recordedAt);
      assert.match(status.epoch, /^[0-9a-f-]{36}$/);
      assert.isAtLeast(status.eventsPerSecond, 0);
      assert.include((await events("status")).stdout, status.epoch);
    });

    it("follows the log from a position, and goes on with what is written later", async () => {
      const tail = startCommand(["events", "tail", "--json", "--from", "2"], {
        TAPEDECK_URL: service.url,
        TAPEDECK_API_KEY: service.key,
      });
      const seen = (): ReadonlyArray<Json> =>
        tail.stdout().split("\n").slice(0, -1).map((line) => JSON.parse(line));
      const until = async (count: number): Promise<void> => {
        while (seen().length < count) {
          assert.isNull(tail.child.exitCode, tail.stderr());
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      const { head } = await service.json("/admin/log");
      await until(head - 2);
      const { position } = await service.json(`/uploads/${uploadId}/analysis`, { method: "POST" });
      assert.strictEqual(position, head + 1);
      await until(position - 2);
      process.kill(tail.child.pid ?? 0, "SIGINT");
      await tail.ended;
      const events = seen();
      assert.deepStrictEqual(events.map(({ position }) => position), events.map((_, index) => index + 3));
      assert.strictEqual(events[position - 3].type, "AnalysisRequested");
      assert.match(tail.stderr(), /after position 2/);
      assert.notMatch(tail.stderr(), /error|\.ts/i);
    });
  });
};
