/** A service whose ffmpeg lacks an encoder. */
import { afterAll, assert, describe, it } from "@effect/vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OutputFormat } from "../../domain/media/OutputFormat.ts";
import { Preset } from "../../domain/media/Preset.ts";
import { sine, wav } from "../support/Audio.ts";
import { assertProblem } from "../support/Problems.ts";
import { endAll, eventually, type Json, startService, upload } from "../support/RunningService.ts";
import { ffmpegWithout } from "../support/StandInFfmpeg.ts";

const programs = mkdtempSync(join(tmpdir(), "tapedeck-programs-"));
const service = await startService({ PATH: ffmpegWithout(programs, ["libmp3lame", "libopencore_amrnb"]) });
afterAll(async () => {
  await endAll();
  rmSync(programs, { recursive: true });
});

describe("a service whose ffmpeg cannot write MP3", () => {
  it("lists every format, and says why that one is not available", async () => {
    const { formats } = await service.json("/formats");
    assert.deepStrictEqual(formats.map(({ format }: Json) => format), [...OutputFormat.literals]);
    const { mp3, flac, hls } = Object.fromEntries(
      formats.map((format: Json) => [format.format, format]),
    );
    assert.containsSubset(mp3, {
      name: "MP3",
      extension: "mp3",
      mediaType: "audio/mpeg",
      encoder: "libmp3lame",
      available: false,
      missing: "ffmpeg was built without the encoder libmp3lame",
      maxChannels: 2,
      bitrateKbps: { min: 8, max: 320, default: 192 },
      quality: { min: 0, max: 9, best: 0 },
      bitDepths: null,
      gapless: true,
    });
    assert.containsSubset(flac, {
      available: true,
      missing: null,
      sampleRates: null,
      bitrateKbps: null,
      bitratesKbps: null,
      bitDepths: [16, 24],
    });
    assert.containsSubset(hls, {
      mediaType: "application/vnd.apple.mpegurl",
      encoder: "aac",
      available: true,
      bitrateKbps: { min: 8, max: 512, default: null },
      bitratesKbps: { max: 6, default: [64, 128, 256] },
    });
    await assertProblem(
      await service.call("/formats", { headers: { authorization: "Bearer none" } }),
      "UNAUTHORIZED",
    );
  });

  it("lists the presets, each with what it stands for here", async () => {
    const { presets } = await service.json("/presets");
    assert.deepStrictEqual(presets.map(({ preset }: Json) => preset), [...Preset.literals]);
    const phone = presets.find(({ preset }: Json) => preset === "phone");
    assert.deepStrictEqual(phone.output, { format: "wav", bitDepth: 16, sampleRate: 8_000, channels: 1 });
  });

  it("makes what a preset stands for, with what is wished different", async () => {
    const { id } = await upload(service, new Uint8Array(wav(sine({ seconds: 2 }))), {
      process: { preset: "phone", analysis: false },
    });
    const { conversions: [{ id: phone }] } = await eventually(
      () => service.json(`/uploads/${id}`),
      ({ conversions }) => conversions[0]?.status === "completed",
    );
    const shown = await service.json(`/conversions/${phone}`);
    assert.containsSubset(shown.outputs, [{ name: "phone", format: "wav", sampleRate: 8_000, channels: 1 }]);

    const response = await service.call(`/uploads/${id}/conversions`, {
      method: "POST",
      body: JSON.stringify({
        preset: "podcast",
        outputs: [
          { format: "flac", name: "lossless", tags: { title: "Trial" } },
          { format: "m4a", trim: { startSeconds: 0.5 }, loudness: { targetLufs: -20 } },
        ],
      }),
      headers: { "content-type": "application/json" },
    });
    assert.strictEqual(response.status, 202, await response.clone().text());
    const { id: podcast } = await response.json();
    const { outputs: [flac, m4a] } = await eventually(
      () => service.json(`/conversions/${podcast}`),
      ({ status }) => status === "completed",
    );
    assert.containsSubset(flac, { name: "lossless", channels: 1, loudness: { mode: "limit" } });
    assert.approximately(flac.loudness.after.integratedLufs, -16, 0.1);
    assert.containsSubset(m4a, { name: "m4a", durationSeconds: 1.5, loudness: { mode: "gain" } });
    assert.approximately(m4a.loudness.after.integratedLufs, -20, 0.5);
  });

  it("names the format that is neither given nor implied by a preset", async () => {
    const { id } = await upload(service, new Uint8Array(wav(sine())), { process: { analysis: false } });
    const post = (body: unknown) =>
      service.call(`/uploads/${id}/conversions`, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      });
    await assertProblem(await post({ outputs: [{ channels: 1 }] }), "INVALID_PARAMETER", {
      field: "outputs[0].format",
    });
    await assertProblem(await post({ preset: "loud" }), "INVALID_PARAMETER", { field: "preset" });
    await assertProblem(await post({ preset: "podcast" }), "FORMAT_UNAVAILABLE", {
      field: "outputs[0].format",
    });
  });

  it("refuses that format at once, for an upload and for a conversion", async () => {
    const audio = new Uint8Array(wav(sine()));
    const outputs = [{ format: "flac" }, { format: "mp3" }];
    const form = new FormData();
    form.set("file", new Blob([audio]), "a.wav");
    form.set("process", JSON.stringify({ outputs }));
    await assertProblem(
      await service.call("/uploads", { method: "POST", body: form }),
      "FORMAT_UNAVAILABLE",
      {
        field: "process.outputs[1].format",
      },
    );
    const { id } = await upload(service, audio, { process: { analysis: false } });
    const refused = await service.call(`/uploads/${id}/conversions`, {
      method: "POST",
      body: JSON.stringify({ outputs }),
      headers: { "content-type": "application/json" },
    });
    await assertProblem(refused, "FORMAT_UNAVAILABLE", { field: "outputs[1].format" });
    assert.deepStrictEqual((await service.json(`/uploads/${id}`)).conversions, []);
  });
});
