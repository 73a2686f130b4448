/** A large upload passes through the process; it is never held in memory. */
import { afterAll, assert, it } from "@effect/vitest";
import { Effect, ManagedRuntime, Redacted } from "effect";
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { wav } from "../support/Audio.ts";
import { endAll, settled, startService } from "../support/RunningService.ts";
import { TestDatabase } from "../support/TestDatabase.ts";

const mebibyte = 1024 ** 2;

// On a server's database: the embedded one takes and frees memory of its own while it starts.
const database = ManagedRuntime.make(TestDatabase.layer);
const { url } = await database.runPromise(TestDatabase.use(Effect.succeed));
const service = await startService({
  DATABASE_URL: Redacted.value(url),
  // The upload lasts longer, so that it is refused by its header and not decoded.
  TAPEDECK_MAX_DURATION_SECONDS: "60",
});
afterAll(async () => {
  await endAll();
  await database.dispose();
});

/** Bytes of memory that the process has (`VmRSS`), or has had at most since the peak was last reset (`VmHWM`). */
const memory = (field: "VmRSS" | "VmHWM"): number => {
  const status = readFileSync(`/proc/${service.pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
};

const head = Buffer.from(
  `--x\r\ncontent-disposition: form-data; name="file"; filename="noise.wav"\r\n\r\n`,
);
const foot = Buffer.from("\r\n--x--\r\n");

/** Uploads a WAV file of noise, a mebibyte at a time; answers its id and hash. */
const send = async (size: number, isForm: boolean) => {
  const hash = createHash("sha256");
  function* file() {
    const header = wav({ sampleRate: 44_100, channels: 2, samples: new Float32Array(0) });
    header.writeUInt32LE(size - 8, 4);
    header.writeUInt32LE(size - header.length, 40);
    yield header;
    const noise = randomBytes(mebibyte);
    for (let sent = header.length; sent < size; sent += mebibyte) yield noise.subarray(0, size - sent);
  }
  function* body() {
    if (isForm) yield head;
    for (const chunk of file()) {
      hash.update(chunk);
      yield chunk;
    }
    if (isForm) yield foot;
  }
  const chunks = body();
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const { value, done } = chunks.next();
      return done ? controller.close() : controller.enqueue(value);
    },
  });
  const type = isForm ? "multipart/form-data; boundary=x" : "audio/wav";
  const { id } = await service.json("/uploads", {
    method: "POST",
    body: stream,
    headers: { "content-type": type },
  });
  return { id, sha256: hash.digest("hex") };
};

it("takes uploads of hundreds of megabytes in less than 150 MiB of additional memory", async () => {
  // What the first upload of each kind takes, it takes once.
  await send(32 * mebibyte, false);
  await send(32 * mebibyte, true);
  for (const [size, isForm] of [[512 * mebibyte, false], [256 * mebibyte, true]] as const) {
    // Lets the kernel forget the peak so far.
    writeFileSync(`/proc/${service.pid}/clear_refs`, "5");
    const before = memory("VmRSS");
    const sent = await send(size, isForm);
    assert.isBelow((memory("VmHWM") - before) / mebibyte, 150, `form: ${isForm}`);
    const { sizeBytes, sha256, rejection } = await settled(service, sent.id);
    assert.deepStrictEqual([sizeBytes, sha256], [size, sent.sha256]);
    assert.strictEqual(rejection.code, "DURATION_LIMIT");
    await service.call(`/uploads/${sent.id}`, { method: "DELETE" });
  }
});
