import { assert, describe, it } from "@effect/vitest";
import { once } from "node:events";
import { createServer } from "node:http";
import { runCommand } from "../../support/CommandLine.ts";
import { assertProblem } from "../../support/Problems.ts";
import { newDataDirectory, type RunningService } from "../../support/RunningService.ts";
import type { Events } from "./Reading.ts";

/** Every call for operators. */
const calls = [
  ["GET", "/admin/log"],
  ["GET", "/admin/events"],
  ["GET", "/admin/events/1"],
  ["GET", "/admin/events/tail"],
  ["GET", "/admin/events/export"],
  ["POST", "/admin/events/import"],
  ["POST", "/admin/events/replay"],
] as const;

/** What operators' calls and commands refuse, and how they say it. */
export const refusing = (
  { service, events, plainKey }: {
    readonly service: RunningService;
    readonly events: Events;
    readonly plainKey: string;
  },
): void => {
  describe("refusing", () => {
    it.each(calls)("asks for a key, and for one with the scope admin: %s %s", async (method, path) => {
      const call = (key: string) =>
        service.call(path, { method, headers: { authorization: `Bearer ${key}` } });
      await assertProblem(await call("tdk_wrong"), "UNAUTHORIZED");
      const { detail } = await assertProblem(await call(plainKey), "FORBIDDEN");
      assert.include(detail, "admin");
    });

    it.each([
      ["/admin/events?limit=0", "limit"],
      ["/admin/events?limit=201", "limit"],
      ["/admin/events?after=soon", "after"],
      ["/admin/events?cursor=-1", "cursor"],
      ["/admin/events/tail?from=x", "from"],
    ])("names the parameter that is wrong: %s", async (path, field) => {
      await assertProblem(await service.call(path), "INVALID_PARAMETER", { field });
    });

    it("finds no event that is not there", async () => {
      for (const ref of ["999999", "0", "evt_00000000000000000000000000", "evt_1", "x"]) {
        await assertProblem(await service.call(`/admin/events/${ref}`), "NOT_FOUND");
      }
    });

    it.each([
      [["list", "--limit", "0"]],
      [["list", "--after", "soon"]],
      [["list", "--what"]],
      [["show"]],
      [["show", "evt_1"]],
      [["shout"]],
      [["replay", "--dry-run"]],
      [["replay", "--stream", "a", "--from", "1"]],
      [["replay", "--from", "1"]],
      [["import", "deno.json"]],
    ])("ends with 2 when it is used wrongly: events %j", async (args) => {
      const { status, stderr } = await events(...args);
      assert.strictEqual(status, 2, stderr);
      assert.match(stderr, /\S/);
      assert.notMatch(stderr, /\n {4}at |node_modules/);
    });

    const failures: ReadonlyArray<[string, ReadonlyArray<string>, Record<string, string>, RegExp]> = [
      [
        "a key that is not known",
        ["list"],
        { TAPEDECK_API_KEY: "tdk_wrong" },
        /does not know this API key\. Set TAPEDECK_API_KEY/,
      ],
      [
        "a key without the scope",
        ["list"],
        { TAPEDECK_API_KEY: plainKey },
        /scope `admin`.*TAPEDECK_API_KEY/,
      ],
      ["no key", ["list"], { TAPEDECK_API_KEY: "" }, /No API key: set TAPEDECK_API_KEY/],
      [
        "no service",
        ["status"],
        { TAPEDECK_URL: "http://127.0.0.1:1" },
        /Nothing answers at .*--offline/,
      ],
      ["an address that is none", ["list"], { TAPEDECK_URL: "localhost" }, /TAPEDECK_URL: give the address/],
      [
        "an unknown setting",
        ["list"],
        { TAPEDECK_COLOUR: "red" },
        /TAPEDECK_COLOUR: there is no such setting/,
      ],
      [
        "a directory in use",
        ["list", "--offline"],
        { TAPEDECK_DATA_DIR: service.dataDirectory },
        /Another Tapedeck is running/,
      ],
      ["a database out of reach", ["list", "--offline"], {
        DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
      }, /store cannot be used: .*DATABASE_URL/],
      ["an event that is not there", ["show", "999999"], {}, /no event 999999.*events list/],
      ["a range beyond the end", ["replay", "--from", "999999", "--dry-run"], {}, /the log ends at/],
      ["a stream that is not there", ["replay", "--stream", "a/b", "--dry-run"], {}, /no stream a\/b/],
      ["a file that is not there", ["import", "/nowhere/at/all", "--dry-run"], {}, /no file \/nowhere/],
      ["a place that cannot be written", ["export", "/nowhere/at/all"], {}, /cannot be written/],
    ];
    it("does not take another server for the service", async () => {
      const other = createServer((_, response) => response.end("Hello")).listen(0, "127.0.0.1");
      await once(other, "listening");
      const address = other.address();
      const port = typeof address === "object" ? address?.port : address;
      const { status, stderr } = await runCommand(["events", "list"], {
        TAPEDECK_URL: `http://127.0.0.1:${port}`,
        TAPEDECK_API_KEY: service.key,
      });
      other.close();
      assert.strictEqual(status, 1);
      assert.match(stderr, /^error: [^\n]+did not answer as this version of Tapedeck does[^\n]+\n$/);
    });

    it.each(failures)(
      "says in one line what to do, and ends with 1: %s",
      async (_, args, environment, words) => {
        const { status, stdout, stderr } = await runCommand(["events", ...args], {
          TAPEDECK_URL: service.url,
          TAPEDECK_API_KEY: service.key,
          TAPEDECK_DATA_DIR: await newDataDirectory(),
          ...environment,
        });
        assert.strictEqual(status, 1, stderr);
        assert.strictEqual(stdout, "");
        assert.match(stderr, /^error: [^\n]+\n$/);
        assert.match(stderr, words);
      },
    );
  });
};
