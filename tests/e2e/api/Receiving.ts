import { assert, describe, it } from "@effect/vitest";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { sine, wav } from "../../support/Audio.ts";
import { filesBelow } from "../../support/Files.ts";
import { assertProblem } from "../../support/Problems.ts";
import type { RunningService } from "../../support/RunningService.ts";

const audio = new Uint8Array(wav(sine({ seconds: 0.2 })));
const sha256 = createHash("sha256").update(audio).digest("hex");
const nothing = { process: JSON.stringify({ analysis: false }) };

/** Parts of a form, in their order; the part of bytes is a file. */
type Parts = ReadonlyArray<readonly [name: string, value: string | Uint8Array<ArrayBuffer>]>;

const formOf = (parts: Parts): FormData => {
  const form = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([value], { type: "audio/wav" }), "tone.wav");
  }
  return form;
};

/** How uploads come in: as a form, or as a raw body. */
export const receiving = (service: RunningService): void => {
  const post = (parts: Parts, path = "/uploads") =>
    service.call(path, { method: "POST", body: formOf(parts) });

  const postRaw = (headers: Record<string, string>, query: Record<string, string> = nothing) =>
    service.call(`/uploads?${new URLSearchParams(query)}`, { method: "POST", body: audio, headers });

  /** The files with an id in their path. */
  const filesOf = async (id: string) =>
    (await filesBelow(service.dataDirectory)).filter((path) => path.includes(id));

  /** The upload that an answer announces, read back by its own position. */
  const announced = async (response: Response) => {
    assert.strictEqual(response.status, 201, response.ok ? "" : await response.text());
    const { id, position } = await response.json();
    return service.json(`/uploads/${id}?after=${position}`);
  };

  describe("receiving an upload", () => {
    it("answers where it is, and shows it there", async () => {
      const response = await post([["file", audio]]);
      assert.strictEqual(response.status, 201);
      const { id, status, position, links } = await response.json();
      assert.match(id, /^upl_[0-9a-z]{26}$/);
      assert.strictEqual(status, "received");
      assert.isAbove(position, 0);
      assert.strictEqual(response.headers.get("location"), `/api/v1/uploads/${id}`);
      assert.strictEqual(links.self, `/api/v1/uploads/${id}`);
      const shown = await service.json(`/uploads/${id}?after=${position}`);
      const { createdAt, updatedAt, media: _, status: now, position: at, ...rest } = shown;
      assert.include(["received", "ready"], now);
      assert.isAtLeast(at, position);
      assert.deepStrictEqual(new Date(createdAt).toISOString(), createdAt);
      assert.isAtLeast(Date.parse(updatedAt), Date.parse(createdAt));
      assert.containsSubset(rest, {
        id,
        tenantId: "default",
        userId: "default",
        filename: "tone.wav",
        sizeBytes: audio.length,
        sha256,
        metadata: {},
        links,
      });
    });

    it("takes the part audio_file, and fields before and after it", async () => {
      const shown = await announced(
        await post([
          ["userId", "ann"],
          ["process", nothing.process],
          ["audio_file", audio],
          ["metadata", '{"take":3,"mood":{"name":"größer"}}'],
          ["sessionId", "session one"],
        ]),
      );
      assert.containsSubset(shown, {
        userId: "ann",
        sessionId: "session one",
        metadata: { take: 3, mood: { name: "größer" } },
        sha256,
        conversions: [],
      });
      assert.notProperty(shown, "analysis");
      assert.deepStrictEqual(await filesOf(shown.id), [`blobs/default/ann/audio/${shown.id}/original.wav`]);
    });

    it("takes the audio as the raw body, and the fields in the query", async () => {
      const query = { ...nothing, userId: "bob", sessionId: "s2", metadata: '{"a":[1,null]}' };
      const headers = { "x-filename": "raw.wav", "content-type": "audio/wav" };
      assert.containsSubset(await announced(await postRaw(headers, query)), {
        userId: "bob",
        sessionId: "s2",
        filename: "raw.wav",
        sizeBytes: audio.length,
        sha256,
        metadata: { a: [1, null] },
      });
    });

    const longName = `${"ä".repeat(300)}.wav`;
    it.each([
      ["percent-encoded", "Caf%C3%A9%20%F0%9F%8E%B5.wav", "Café 🎵.wav"],
      ["UTF-8", Buffer.from("Grüße 🎧.wav").toString("latin1"), "Grüße 🎧.wav"],
      ["a percent sign of its own", "100% legal.wav", "100% legal.wav"],
      ["a path", "../../../etc/passwd", "passwd"],
      ["an encoded path", "%2e%2e%2f%2e%2e%2fvictim.wav", "victim.wav"],
      ["a path of Windows", "C:\\temp\\song.mp3", "song.mp3"],
      ["a NUL", "a%00b.wav", "ab.wav"],
      ["a protocol of ffmpeg", "concat:a|b", "concat:a|b"],
      ["text that runs backwards", encodeURIComponent("\u202egnp.\u202cwav"), "gnp.wav"],
      ["300 characters", encodeURIComponent(longName), longName.slice(0, 255)],
      ["nothing", "", "audio"],
    ])("keeps a harmless file name: %s", async (_, header, filename) => {
      const shown = await announced(await postRaw({ "x-filename": header }));
      assert.strictEqual(shown.filename, filename);
      const extension = /(?<=\.)(?:wav|mp3)$/.exec(filename)?.[0] ?? "bin";
      assert.deepStrictEqual(await filesOf(shown.id), [
        `blobs/default/default/audio/${shown.id}/original.${extension}`,
      ]);
      const content = await service.call(`/uploads/${shown.id}/content`, { method: "HEAD" });
      const disposition = content.headers.get("content-disposition") ?? "";
      const encoded = /filename\*=UTF-8''(.*)$/.exec(disposition)?.[1] ?? "";
      assert.strictEqual(decodeURIComponent(encoded), filename);
      assert.match(disposition, /^attachment; filename="[\x20-\x7e]+"; filename\*=UTF-8''[!-~]+$/);
    });

    it.each<readonly [string, Parts, string | undefined]>([
      ["two files", [["file", audio], ["audio_file", audio]], "audio_file"],
      ["no file", [["userId", "ann"]], "file"],
      ["an unknown part", [["file", audio], ["colour", "blue"]], "colour"],
      ["a file under another name", [["song", audio]], "song"],
      ["a process that is no JSON", [["file", audio], ["process", "{"]], "process"],
      ["an unknown wish", [["file", audio], ["process", '{"outputz":[]}']], "process.outputz"],
      [
        "an unknown format",
        [["file", audio], ["process", '{"outputs":[{"format":"exe"}]}']],
        outputs(0, "format"),
      ],
      [
        "a bit rate that the format does not take",
        [["file", audio], ["process", '{"outputs":[{"format":"mp3"},{"format":"ogg","bitrateKbps":8}]}']],
        outputs(1, "bitrateKbps"),
      ],
      ["metadata that is no object", [["file", audio], ["metadata", "[]"]], "metadata"],
      ["metadata of 20 kB", [["file", audio], ["metadata", `{"a":"${"x".repeat(20_000)}"}`]], "metadata"],
      ["a user that is a path", [["file", audio], ["userId", "../ann"]], "userId"],
      ["a session of 200 characters", [["file", audio], ["sessionId", "s".repeat(200)]], "sessionId"],
      ["a text part of 70 kB", [["file", audio], ["metadata", "x".repeat(70_000)]], undefined],
    ])("refuses %s, and keeps nothing", async (_, parts, field) => {
      const query = "/uploads?userId=refused";
      await assertProblem(
        await post(parts, query),
        "INVALID_PARAMETER",
        field === undefined ? {} : { field },
      );
      const kept = (await filesBelow(service.dataDirectory)).filter((path) =>
        /refused|\.tmp|body$/.test(path)
      );
      assert.deepStrictEqual(kept, []);
      assert.deepStrictEqual((await service.json(query)).items, []);
    });

    it("refuses fields in the query of a raw body as it does in a form", async () => {
      await assertProblem(await postRaw({}, { process: '{"outputs":[{}]}' }), "INVALID_PARAMETER", {
        field: outputs(0, "format"),
      });
      await assertProblem(await postRaw({}, { userId: "a/b" }), "INVALID_PARAMETER", { field: "userId" });
    });

    it("refuses a form that has no boundary, or ends in the middle", async () => {
      const bare = { "content-type": "multipart/form-data" };
      await assertProblem(await postRaw(bare), "MALFORMED_REQUEST");
      const cut = new Response(formOf([["file", audio]]));
      const body = new Uint8Array(await cut.arrayBuffer()).subarray(0, 500);
      const headers = { "content-type": cut.headers.get("content-type") ?? "" };
      await assertProblem(
        await service.call("/uploads", { method: "POST", body, headers }),
        "MALFORMED_REQUEST",
      );
    });
  });
};

const outputs = (index: number, field: string): string => `process.outputs[${index}].${field}`;
