/** A service that recognises speech, by PocketSphinx, unless that is made to fail. */
import { afterAll, assert, describe, it } from "@effect/vitest";
import { Effect, ManagedRuntime, Redacted } from "effect";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { ffmpeg, silence, wav } from "../support/Audio.ts";
import { assertProblem } from "../support/Problems.ts";
import { endAll, eventually, type Json, settled, startService, upload } from "../support/RunningService.ts";
import { goForward } from "../support/Speech.ts";
import { TestDatabase } from "../support/TestDatabase.ts";

const programs = mkdtempSync(join(tmpdir(), "tapedeck-programs-"));
const broken = join(programs, "broken");
const real = execFileSync("which", ["pocketsphinx_continuous"], { encoding: "utf8" }).trim();
writeFileSync(
  join(programs, "pocketsphinx_continuous"),
  `#!/bin/sh\n[ ! -e "${broken}" ] || { echo "out of order" >&2; exit 7; }\nexec "${real}" "$@"\n`,
  { mode: 0o755 },
);
// The embedded database is slow to make.
const database = ManagedRuntime.make(TestDatabase.layer);
const { url } = await database.runPromise(TestDatabase.use(Effect.succeed));
const service = await startService({
  DATABASE_URL: Redacted.value(url),
  TAPEDECK_RECOGNISER: "pocketsphinx",
  PATH: `${programs}${delimiter}${process.env["PATH"]}`,
});
afterAll(async () => {
  await endAll();
  await database.dispose();
  rmSync(programs, { recursive: true });
});

const analysed = async (id: string): Promise<Json> => {
  await settled(service, id);
  return service.json(`/uploads/${id}/analysis`);
};

describe("a service with a recogniser of speech", () => {
  let id = "", report: Json;

  it("tells of the transcript in the analysis", async () => {
    ({ id } = await upload(service, new Uint8Array(readFileSync(goForward)), { filename: "go.flac" }));
    report = await analysed(id);
    const path = `/api/v1/uploads/${id}/transcript`;
    assert.deepStrictEqual(report.transcript, {
      language: "en-US",
      recogniser: { name: "pocketsphinx", model: "en-us" },
      segments: 1,
      links: { json: path, vtt: `${path}?format=vtt`, srt: `${path}?format=srt` },
    });
    assert.deepStrictEqual([report.errors, report.analyserVersion.transcript], [{}, 1]);
    assert.strictEqual(report.links.transcript, path);
  });

  it("has it as JSON", async () => {
    const response = await service.call(`/uploads/${id}/transcript`);
    assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
    const { segments: [{ startSeconds, endSeconds, confidence, text }, ...others], ...rest } = await response
      .json();
    assert.deepStrictEqual(rest, {
      language: "en-US",
      recogniser: { name: "pocketsphinx", model: "en-us" },
      text: "go forward ten meters",
    });
    assert.deepStrictEqual([text, others], ["go forward ten meters", []]);
    assert.approximately(startSeconds, 0.46, 0.05);
    assert.approximately(endSeconds, 2.1, 0.1);
    assert.isAbove(confidence, 0.5);
  });

  it.each([
    ["vtt", "text/vtt", /^WEBVTT\n\n00:00:00\.4\d\d --> 00:00:02\.\d{3}\ngo forward ten meters\n$/],
    ["srt", "application/x-subrip", /^1\n00:00:00,4\d\d --> 00:00:02,\d{3}\ngo forward ten meters\n$/],
  ])("has it as %s, which FFmpeg reads", async (format, mediaType, expected) => {
    const response = await service.call(`/uploads/${id}/transcript?format=${format}`);
    const { headers } = response;
    assert.deepStrictEqual(
      ["content-type", "content-disposition", "x-content-type-options"].map((name) => headers.get(name)),
      [`${mediaType}; charset=utf-8`, `attachment; filename="transcript.${format}"`, "nosniff"],
    );
    const text = await response.text();
    assert.match(text, expected);
    const path = join(programs, `transcript.${format}`);
    writeFileSync(path, text);
    assert.include(ffmpeg("-i", path, "-f", "srt", "pipe:1").toString(), "go forward ten meters");
  });

  it("refuses other formats, and has none of what is not there", async () => {
    await assertProblem(await service.call(`/uploads/${id}/transcript?format=txt`), "INVALID_PARAMETER", {
      field: "format",
    });
    const none = `/uploads/${id.slice(0, -1)}${id.endsWith("0") ? 1 : 0}/transcript`;
    await assertProblem(await service.call(none), "NOT_FOUND");
  });

  it("has no transcript of silence, and nothing that failed", async () => {
    const { id } = await upload(service, new Uint8Array(wav(silence({ seconds: 2 }))));
    const { transcript, errors } = await analysed(id);
    assert.deepStrictEqual([transcript, errors], [null, {}]);
    await assertProblem(await service.call(`/uploads/${id}/transcript`), "NOT_FOUND");
  });

  const analysedAgain = async (body: string | null = null): Promise<Json> => {
    const { id: again } = await service.json(`/uploads/${id}/analysis`, {
      method: "POST",
      ...(body !== null && { body, headers: { "content-type": "application/json" } }),
    });
    return eventually(
      () => service.json(`/uploads/${id}/analysis`),
      (analysis) => analysis.id === again && analysis.status === "completed",
    );
  };

  it("keeps the transcript when another part is measured again", async () => {
    const { transcript, key } = await analysedAgain('{"parts":["key"]}');
    assert.deepStrictEqual([transcript, key], [report.transcript, report.key]);
    assert.strictEqual((await service.call(`/uploads/${id}/transcript`)).status, 200);
  });

  it("keeps all the rest when that fails, and logs why", async () => {
    writeFileSync(broken, "");
    const { transcript, errors, ...rest } = await analysedAgain();
    assert.deepStrictEqual([transcript, errors], [null, {
      transcript: "The speech could not be recognised",
    }]);
    assert.deepStrictEqual([rest.loudness, rest.signal, rest.waveform, rest.attempt], [
      report.loudness,
      report.signal,
      report.waveform,
      1,
    ]);
    assert.match(service.output(), /"level":"warn".*pocketsphinx_continuous.*out of order/);
    await assertProblem(await service.call(`/uploads/${id}/transcript`), "NOT_FOUND");
  });

  it("recognises the speech alone when that is asked for", async () => {
    rmSync(broken);
    const { transcript, errors, analyserVersion, loudness, waveform, signal } = await analysedAgain(
      '{"parts":["transcript"]}',
    );
    assert.deepStrictEqual([transcript, errors, analyserVersion], [
      report.transcript,
      {},
      report.analyserVersion,
    ]);
    assert.deepStrictEqual([loudness, waveform, signal], [report.loudness, report.waveform, report.signal]);
  });
});
