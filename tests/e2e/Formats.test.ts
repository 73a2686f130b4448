/** A service whose ffmpeg lacks an encoder. */
import { afterAll, assert, describe, it } from "@effect/vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OutputFormat } from "../../domain/media/OutputFormat.ts";
import { sine, wav } from "../support/Audio.ts";
import { assertProblem } from "../support/Problems.ts";
import { endAll, type Json, startService, upload } from "../support/RunningService.ts";
import { ffmpegWithout } from "../support/StandInFfmpeg.ts";

const programs = mkdtempSync(join(tmpdir(), "tapedeck-programs-"));
const service = await startService({ PATH: ffmpegWithout(programs, ["libmp3lame"]) });
afterAll(async () => {
  await endAll();
  rmSync(programs, { recursive: true });
});

describe("a service whose ffmpeg cannot write MP3", () => {
  it("lists every format, and says why that one is not available", async () => {
    const { formats } = await service.json("/formats");
    assert.deepStrictEqual(formats.map(({ format }: Json) => format), [...OutputFormat.literals]);
    const { mp3, flac } = Object.fromEntries(formats.map((format: Json) => [format.format, format]));
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
      bitDepths: [16, 24],
    });
    await assertProblem(
      await service.call("/formats", { headers: { authorization: "Bearer none" } }),
      "UNAUTHORIZED",
    );
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
