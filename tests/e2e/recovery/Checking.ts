import { assert } from "@effect/vitest";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ffprobe } from "../../support/Ffprobe.ts";
import { filesBelow } from "../../support/Files.ts";
import { type Json, type RunningService, settled } from "../../support/RunningService.ts";
import type { StoredRow } from "../../support/StoredLog.ts";
import type { Source } from "./Uploading.ts";

/** The upload is ready, its conversion and its analysis are completed, and what is stored is right, whole, and all there is. */
export const assertWhole = async (
  service: RunningService,
  id: string,
  { bytes, seconds }: Source,
): Promise<void> => {
  const { status, sha256: hash, userId, conversions, analysis } = await settled(service, id);
  assert.strictEqual(status, "ready");
  assert.strictEqual(hash, sha256(bytes));
  assert.deepStrictEqual(conversions.map(({ status }: Json) => status), ["completed"]);
  assert.strictEqual(analysis.status, "completed");

  const conversion = await service.json(`/conversions/${conversions[0].id}`);
  for (const output of conversion.outputs) {
    const content = Buffer.from(
      await (await service.call(`/conversions/${conversion.id}/outputs/${output.name}`)).arrayBuffer(),
    );
    assert.strictEqual(content.length, output.sizeBytes);
    assert.strictEqual(sha256(content), output.sha256);
    const probed = ffprobe(content);
    assert.strictEqual(probed.codec, output.format);
    assert.approximately(probed.durationSeconds, seconds, 0.1);
  }
  const report = await service.json(`/uploads/${id}/analysis`);
  assert.approximately(report.decodedSeconds, seconds, 0.01);
  assert.isFalse(report.signal.silent);

  const files = await filesBelow(join(service.dataDirectory, "blobs/default", userId, "audio", id));
  assert.deepStrictEqual(files.map((file) => file.replace(/^original\..*/, "original")), [
    `analysis/${analysis.id}/curves.json`,
    `analysis/${analysis.id}/spectrogram.bin`,
    `analysis/${analysis.id}/waveform-channels.dat`,
    `analysis/${analysis.id}/waveform.dat`,
    `analysis/${analysis.id}/waveform.rms`,
    "original",
    `renditions/${conversion.id}/mp3.mp3`,
    `renditions/${conversion.id}/opus.opus`,
  ]);
  await assertTidy(service);
};

/** The upload is ready, and its one conversion and its analysis are completed. */
export const assertFinished = async (service: RunningService, id: string): Promise<void> => {
  const { status, conversions, analysis } = await settled(service, id);
  assert.strictEqual(status, "ready");
  assert.deepStrictEqual(conversions.map(({ status }: Json) => status), ["completed"]);
  assert.strictEqual(analysis.status, "completed");
};

/** No file or directory of work that is over. */
export const assertTidy = async ({ dataDirectory }: RunningService): Promise<void> => {
  assert.deepStrictEqual(await readdir(join(dataDirectory, "work")), []);
  assert.deepStrictEqual(await readdir(join(dataDirectory, "blobs/.tmp")), []);
};

/** The log has no hole, and each upload in it one conversion, one analysis and at most one cleanup, each with one end. */
export const assertTold = (log: ReadonlyArray<StoredRow>): void => {
  const versions = new Map<string, number>();
  log.forEach(({ position, stream_id, version }, index) => {
    assert.strictEqual(position, index + 1);
    assert.strictEqual(version, (versions.get(stream_id) ?? 0) + 1);
    versions.set(stream_id, version);
  });
  const count = (...types: ReadonlyArray<string>) => log.filter(({ type }) => types.includes(type)).length;
  const uploads = count("UploadReceived");
  assert.isAbove(uploads, 0);
  assert.strictEqual(new Set(log.map(({ data }) => data["uploadId"]).filter(Boolean)).size, uploads);
  for (
    const types of [
      ["UploadReady"],
      ["ConversionRequested"],
      ["ConversionCompleted", "ConversionCancelled"],
      ["AnalysisRequested"],
      ["AnalysisCompleted", "AnalysisCancelled"],
    ]
  ) assert.strictEqual(count(...types), uploads, types.join(" or "));
  for (const { data } of log.filter(({ type }) => type === "ConversionCompleted")) {
    assert.match(String(data["encoder"]), /^ffmpeg \S+$/);
  }
  assert.strictEqual(count("CleanupRequested"), count("UploadDeleted"));
  assert.strictEqual(count("CleanupCompleted"), count("UploadDeleted"));
};

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
