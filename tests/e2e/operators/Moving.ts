import { assert, describe, it } from "@effect/vitest";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../../support/CommandLine.ts";
import { sealed, unsealed } from "../../support/LogFile.ts";
import { assertProblem } from "../../support/Problems.ts";
import {
  eventually,
  type Json,
  newDataDirectory,
  type RunningService,
  settled,
  upload,
} from "../../support/RunningService.ts";
import { type Events, jsonOf } from "./Reading.ts";

/** Moving a log from a service on Postgres to an embedded one. */
export const moving = (
  { source, target, events, scratch, audio, databaseUrl, uploadId }: {
    readonly source: RunningService;
    readonly target: RunningService;
    /** Runs `tapedeck events …` on the source. */
    readonly events: Events;
    readonly scratch: string;
    readonly audio: Uint8Array<ArrayBuffer>;
    readonly databaseUrl: string;
    readonly uploadId: string;
  },
): void => {
  const file = join(scratch, "log.jsonl");
  const atTarget = (...args: ReadonlyArray<string>) =>
    runCommand(["events", ...args], { TAPEDECK_URL: target.url, TAPEDECK_DATA_DIR: target.dataDirectory });
  const post = (body: string, query = "") =>
    target.call(`/admin/events/import${query}`, {
      method: "POST",
      body,
      headers: { "content-type": "application/x-ndjson" },
    });
  const assertEmpty = async (): Promise<void> => {
    assert.strictEqual((await target.json("/admin/log")).head, 0);
    assert.deepStrictEqual((await target.json("/uploads")).items, []);
  };

  describe("moving the log", () => {
    it("is exported to a file, checked, and never over another", async () => {
      await settled(source, uploadId);
      const { head, epoch } = await source.json("/admin/log");
      const exported = jsonOf(await events("export", file, "--json"));
      assert.deepStrictEqual(exported, { file, events: head, receipts: exported.receipts, epoch });
      assert.isAtLeast(exported.receipts, head / 2);
      const again = await events("export", file);
      assert.strictEqual(again.status, 1);
      assert.match(again.stderr, /exists/);
      assert.deepStrictEqual(await readdir(scratch), ["log.jsonl"]);
      const [, ...lines] = unsealed(await readFile(file, "utf8"));
      const listed = (await source.json("/admin/events?limit=200")).items.toReversed();
      assert.deepStrictEqual(
        lines.slice(0, head),
        listed.map((event: Json) => ({ line: "event", ...event })).map((event: Json) =>
          Object.fromEntries(Object.keys(lines[0]).map((key) => [key, event[key]]))
        ),
      );
    });

    it("is the same on standard output and from the store itself", async () => {
      const expected = unsealed(await readFile(file, "utf8")).slice(1);
      const outputs = [
        await events("export", "-"),
        await runCommand(["events", "export", "-", "--offline"], {
          DATABASE_URL: databaseUrl,
          TAPEDECK_DATA_DIR: await newDataDirectory(),
        }),
      ];
      for (const { status, stdout, stderr } of outputs) {
        assert.strictEqual(status, 0, stderr);
        assert.deepStrictEqual(unsealed(stdout).slice(1), expected);
      }
    });

    it("leaves nothing behind when the file is damaged, and names the line", async () => {
      const text = await readFile(file, "utf8");
      const lines = text.trimEnd().split("\n");
      const damaged = text.replace('"type":"UploadReady"', '"type":"UploadDone"');
      const problem = await assertProblem(await post(damaged), "LOG_FILE_REFUSED");
      const line = lines.findIndex((line) => line.includes('"type":"UploadReady"')) + 1;
      assert.match(problem.detail, new RegExp(`^Line ${line}: the hash does not fit`));
      const cut = await assertProblem(await post(lines.slice(0, -1).join("\n")), "LOG_FILE_REFUSED");
      assert.match(cut.detail, new RegExp(`^Line ${lines.length}: the file is cut`));
      const foreign = unsealed(text);
      foreign[2].type = "UploadDone";
      const unread = await assertProblem(await post(sealed(foreign)), "LOG_FILE_REFUSED");
      assert.match(unread.detail, /^Line 3: this program cannot read the event UploadDone/);

      const path = join(scratch, "damaged.jsonl");
      await writeFile(path, damaged);
      for (const args of [["--yes"], ["--dry-run"], ["--yes", "--json"]]) {
        const { status, stdout, stderr } = await atTarget("import", path, ...args);
        assert.strictEqual(status, 1);
        assert.strictEqual(stdout, "");
        assert.include(stderr, `Line ${line}: the hash does not fit`);
      }
      await assertEmpty();
    });

    it("is checked by a dry run that writes nothing, and asked for before it is written", async () => {
      const { epoch } = await target.json("/admin/log");
      const { head } = await source.json("/admin/log");
      const dry = jsonOf(await atTarget("import", file, "--dry-run", "--json"));
      assert.include(dry, { events: head, epoch: null });
      const told = await atTarget("import", file, "--dry-run");
      assert.match(told.stderr, /whole and intact. Nothing was written/);
      const unasked = await atTarget("import", file);
      assert.strictEqual(unasked.status, 2);
      assert.match(unasked.stderr, /must be empty.*\n.*--yes.*--dry-run/);
      assert.strictEqual((await target.json("/admin/log")).epoch, epoch);
      await assertEmpty();
    });

    it("is the same log in the other service, with the same views, under a new epoch", async () => {
      const before = [await source.json("/admin/log"), await target.json("/admin/log")];
      const imported = jsonOf(await atTarget("import", file, "--yes", "--json"));
      const after = await target.json("/admin/log");
      assert.strictEqual(imported.sourceEpoch, before[0].epoch);
      assert.strictEqual(imported.epoch, after.epoch);
      assert.notInclude(before.map(({ epoch }) => epoch), after.epoch);
      assert.deepStrictEqual(
        await target.json("/admin/events?limit=200"),
        await source.json("/admin/events?limit=200"),
      );
      for (const path of [`/uploads/${uploadId}`, `/uploads/${uploadId}/analysis`]) {
        assert.deepStrictEqual(await target.json(`${path}?after=${after.head}`), await source.json(path));
      }
    });

    it("takes no second log", async () => {
      const text = await readFile(file, "utf8");
      await assertProblem(await post(text), "LOG_NOT_EMPTY");
      await assertProblem(await post(text, "?dryRun=true"), "LOG_NOT_EMPTY");
      const { status, stderr } = await atTarget("import", file, "--yes");
      assert.strictEqual(status, 1);
      assert.match(stderr, /has \d+ events already/);
    });

    it("goes on there: what is finished is not done again, and new work is done", async () => {
      const { head } = await target.json("/admin/log");
      const { id } = await upload(target, audio, { process: { outputs: [{ format: "mp3" }] } });
      const { status } = await settled(target, id);
      assert.strictEqual(status, "ready");
      const { items } = await target.json(`/admin/events?after=${head}&limit=200`);
      const own = items.filter(({ correlationId }: Json) => correlationId === items.at(-1).correlationId);
      assert.lengthOf(own, items.length, "only the new upload's events follow");
      await eventually(() => target.json("/admin/log"), (log) => log.head === head + items.length);
    });

    it("can be read offline once the service has ended", async () => {
      const { head, epoch } = await target.json("/admin/log");
      await target.end("SIGINT");
      const status = jsonOf(await atTarget("status", "--json", "--offline"));
      assert.include(status, { head, epoch });
      const { stderr, status: code } = await atTarget("replay", "--from", "1", "--yes", "--offline");
      assert.strictEqual(code, 1);
      assert.match(stderr, /without --offline/);
    });
  });
};
