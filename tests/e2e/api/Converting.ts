import { assert, beforeAll, describe, it } from "@effect/vitest";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { encodePng } from "../../../infra/picture/Png.ts";
import { silentFlac, sine, type Sound, wav } from "../../support/Audio.ts";
import { ffprobe, type Probed } from "../../support/Ffprobe.ts";
import { filesBelow } from "../../support/Files.ts";
import { assertProblem } from "../../support/Problems.ts";
import { eventually, type Json, type RunningService, settled, upload } from "../../support/RunningService.ts";

/** Noise in stereo, the same at every run: encoders spend the bits on it that they may. */
const noise = (seconds: number): Sound => {
  let state = 1;
  const samples = Float32Array.from({ length: seconds * 2 * 44_100 }, () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    return state / 2 ** 33;
  });
  return { sampleRate: 44_100, channels: 2, samples };
};

const audio = new Uint8Array(wav(noise(2)));

/** What a trim leaves that no player hears: too little for opus. */
const oneSample = { startSeconds: 0, endSeconds: 0.000_02 };

/** Takes seconds to convert; its 1,000 seconds take few bytes. */
const long = new Uint8Array(silentFlac(1_000));
const slowly = { outputs: [{ format: "ogg" }] };

/** A spoken wish, what ffprobe must find in the result, and how it is served. */
interface Wanted {
  readonly wish: Record<string, unknown>;
  readonly found: Partial<Probed>;
  readonly mediaType: string;
  readonly extension: string;
}

const wanted: ReadonlyArray<Wanted> = [
  {
    wish: { format: "mp3", bitrateKbps: 64, sampleRate: 22_050, channels: 1 },
    found: { format: "mp3", codec: "mp3", sampleRate: 22_050, channels: 1 },
    mediaType: "audio/mpeg",
    extension: "mp3",
  },
  {
    wish: { format: "m4a", bitrateKbps: 96, sampleRate: 32_000 },
    found: { format: "mov,mp4,m4a,3gp,3g2,mj2", codec: "aac", sampleRate: 32_000, channels: 2 },
    mediaType: "audio/mp4",
    extension: "m4a",
  },
  {
    // Opus always decodes at 48 kHz.
    wish: { format: "opus", bitrateKbps: 32, sampleRate: 16_000, channels: 1 },
    found: { format: "ogg", codec: "opus", sampleRate: 48_000, channels: 1 },
    mediaType: "audio/ogg; codecs=opus",
    extension: "opus",
  },
  {
    wish: { format: "ogg", bitrateKbps: 96, sampleRate: 48_000 },
    found: { format: "ogg", codec: "vorbis", sampleRate: 48_000, channels: 2 },
    mediaType: "audio/ogg; codecs=vorbis",
    extension: "ogg",
  },
  {
    wish: { format: "flac", sampleRate: 96_000, channels: 1 },
    found: { format: "flac", codec: "flac", sampleRate: 96_000, channels: 1 },
    mediaType: "audio/flac",
    extension: "flac",
  },
  {
    wish: { format: "wav", sampleRate: 8_000, channels: 6 },
    found: { format: "wav", codec: "pcm_s16le", sampleRate: 8_000, channels: 6 },
    mediaType: "audio/wav",
    extension: "wav",
  },
  {
    wish: { format: "aiff" },
    found: { format: "aiff", codec: "pcm_s16be", sampleRate: 44_100, channels: 2 },
    mediaType: "audio/aiff",
    extension: "aiff",
  },
  {
    wish: { format: "aac", bitrateKbps: 96, channels: 1 },
    found: { format: "aac", codec: "aac", sampleRate: 44_100, channels: 1 },
    mediaType: "audio/aac",
    extension: "aac",
  },
  {
    wish: { format: "alac", bitDepth: 24 },
    found: { format: "mov,mp4,m4a,3gp,3g2,mj2", codec: "alac", sampleRate: 44_100, channels: 2 },
    mediaType: "audio/mp4",
    extension: "m4a",
  },
  {
    wish: { format: "wma", bitrateKbps: 128 },
    found: { format: "asf", codec: "wmav2", sampleRate: 44_100, channels: 2 },
    mediaType: "audio/x-ms-wma",
    extension: "wma",
  },
  {
    wish: { format: "ac3", bitrateKbps: 192, sampleRate: 48_000 },
    found: { format: "ac3", codec: "ac3", sampleRate: 48_000, channels: 2 },
    mediaType: "audio/ac3",
    extension: "ac3",
  },
];

/** How an upload is converted: with it, later, and how a conversion is steered. */
export const converting = (service: RunningService): void => {
  const show = (id: string, after = 0) => service.json(`/conversions/${id}?after=${after}`);
  const post = (path: string) => service.call(path, { method: "POST" });
  const request = (uploadId: string, body: unknown) =>
    service.call(`/uploads/${uploadId}/conversions`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  const accepted = async (response: Response): Promise<Json> => {
    assert.strictEqual(response.status, 202, response.status === 202 ? "" : await response.text());
    return response.json();
  };
  const finished = (id: string) =>
    eventually(() => show(id), ({ status }) => status !== "queued" && status !== "running");
  const renditionsOf = async (id: string) =>
    (await filesBelow(`${service.dataDirectory}/blobs`)).filter((path) => path.includes(id));

  describe("converting", () => {
    it("makes every format with the bit rates, sample rates and channels that were asked for", async () => {
      const { id: uploadId } = await upload(service, audio, {
        filename: "Side A.v2.wav",
        process: { analysis: false },
      });
      // The upload has not been probed yet: the request waits for that.
      const response = await request(uploadId, { outputs: wanted.map(({ wish }) => wish) });
      const { id, status, position, links } = await accepted(response);
      assert.match(id, /^cnv_[0-9a-z]{26}$/);
      assert.strictEqual(status, "queued");
      assert.deepStrictEqual(links, {
        self: `/api/v1/conversions/${id}`,
        upload: `/api/v1/uploads/${uploadId}`,
      });
      assert.include(["queued", "running", "completed"], (await show(id, position)).status);
      const shown = await finished(id);
      assert.containsSubset(shown, { id, uploadId, status: "completed", progress: 1, attempt: 1, links });
      assert.notProperty(shown, "error");
      assert.isAtLeast(Date.parse(shown.finishedAt), Date.parse(shown.startedAt));
      assert.isAtLeast(Date.parse(shown.startedAt), Date.parse(shown.queuedAt));
      const uploadNow = await service.json(`/uploads/${uploadId}`);
      assert.deepStrictEqual(uploadNow.conversions, [{ id, status: "completed" }]);

      for (const [index, { wish, found, mediaType, extension }] of wanted.entries()) {
        const output = shown.outputs[index];
        const name = String(wish["format"]);
        assert.containsSubset(output, { name, format: name, status: "completed" });
        assert.strictEqual(output.links.content, `/api/v1/conversions/${id}/outputs/${name}`);
        const served = await service.call(`/conversions/${id}/outputs/${name}`);
        assert.containsSubset(Object.fromEntries(served.headers), {
          "content-type": mediaType,
          "content-disposition":
            `attachment; filename="Side A.v2.${extension}"; filename*=UTF-8''Side%20A.v2.${extension}`,
          "etag": `"${output.sha256}"`,
          "x-content-type-options": "nosniff",
        });
        const bytes = new Uint8Array(await served.arrayBuffer());
        assert.strictEqual(bytes.length, output.sizeBytes);
        assert.strictEqual(createHash("sha256").update(bytes).digest("hex"), output.sha256);
        const probed = ffprobe(bytes);
        assert.containsSubset(probed, found);
        assert.approximately(probed.durationSeconds, 2, 0.1, name);
        // For bare streams ffprobe only guesses, and of MP3 it counts what the encoder added.
        const isOther = ["aac", "ac3", "mp3"].includes(name);
        assert.approximately(output.durationSeconds, probed.durationSeconds, isOther ? 0.1 : 0.01, name);
        assert.strictEqual(output.channels, probed.channels);
        assert.strictEqual(output.sampleRate, wish["sampleRate"] ?? 44_100);
        const kbps = wish["bitrateKbps"];
        if (typeof kbps === "number") {
          assert.approximately(probed.bitRate / 1_000, kbps, kbps / 4, `${name}'s bit rate`);
        }
      }
    });

    it("makes what an upload asks for together with it, under names of its own", async () => {
      const outputs = [
        { name: "preview", format: "mp3", bitrateKbps: 32 },
        { name: "master", format: "mp3", bitrateKbps: 320 },
      ];
      const { id } = await upload(service, audio, { process: { outputs, analysis: false } });
      const { conversions: [{ id: conversionId }] } = await eventually(
        () => service.json(`/uploads/${id}`),
        ({ conversions }) => conversions[0]?.status === "completed",
      );
      const rates = await Promise.all(outputs.map(async ({ name }) => {
        const served = await service.call(`/conversions/${conversionId}/outputs/${name}`);
        return ffprobe(new Uint8Array(await served.arrayBuffer())).bitRate;
      }));
      assert.approximately(rates[0] ?? 0, 32_000, 2_000);
      assert.approximately(rates[1] ?? 0, 320_000, 20_000);
      const ranged = await service.call(`/conversions/${conversionId}/outputs/master`, {
        headers: { range: "bytes=0-2" },
      });
      assert.strictEqual(ranged.status, 206);
      assert.strictEqual(await ranged.text(), "ID3");
      assert.include(ranged.headers.get("content-disposition"), 'filename="audio-master.mp3"');
      const unknown = await service.call(`/conversions/${conversionId}/outputs/mp3`);
      await assertProblem(unknown, "NOT_FOUND");
      const over = ["cancel", "retry"].map((verb) => post(`/conversions/${conversionId}/${verb}`));
      for (const response of await Promise.all(over)) await assertProblem(response, "ALREADY_FINISHED");
    });

    it("streams: what a player is led to is one whole sound in each variant", async () => {
      const { id: uploadId } = await upload(service, new Uint8Array(wav(sine({ seconds: 7, channels: 1 }))), {
        process: { analysis: false },
      });
      const outputs = [
        { format: "hls", bitratesKbps: [32, 64] },
        { format: "dash", bitrateKbps: 48, name: "mpd" },
      ];
      const { id } = await accepted(await request(uploadId, { outputs }));
      const [hls, dash] = (await finished(id)).outputs;
      const fetched = new Map<string, number>();
      const player = async (path: string, type: string) => {
        const response = await service.call(path);
        assert.strictEqual(response.status, 200, path);
        assert.strictEqual(response.headers.get("content-type"), type);
        const bytes = new Uint8Array(await response.arrayBuffer());
        fetched.set(path, bytes.length);
        return bytes;
      };
      const whole = async (from: string, references: ReadonlyArray<string | undefined>) => {
        const parts = references.map((reference = "") =>
          player(new URL(reference, `http://api${from}`).pathname, "audio/mp4")
        );
        return ffprobe(Buffer.concat(await Promise.all(parts)));
      };
      const text = async (path: string, type: string) => new TextDecoder().decode(await player(path, type));
      const found = { codec: "aac", sampleRate: 44_100, channels: 1 };
      const sizeFetched = () => [...fetched.values()].reduce((sum, bytes) => sum + bytes, 0);

      const main = `/conversions/${id}/outputs/hls`, hlsType = "application/vnd.apple.mpegurl";
      const playlists = (await text(main, hlsType)).match(/^[^#\n]+$/gm) ?? [];
      assert.deepStrictEqual(playlists, ["hls/32k.m3u8", "hls/64k.m3u8"]);
      for (const reference of playlists) {
        const path = new URL(reference, `http://api${main}`).pathname;
        const playlist = await text(path, hlsType);
        const segments = playlist.match(/^[^#\n]+$/gm) ?? [];
        assert.lengthOf(segments, 2);
        const probed = await whole(path, [/MAP:URI="([^"]+)"/.exec(playlist)?.[1], ...segments]);
        assert.containsSubset(probed, found);
        assert.approximately(probed.durationSeconds, 7, 0.05);
      }
      assert.strictEqual(sizeFetched(), hls.sizeBytes);
      assert.strictEqual(hls.durationSeconds, 7);

      fetched.clear();
      const manifest = `/conversions/${id}/outputs/mpd`;
      const mpd = await text(manifest, "application/dash+xml");
      const named = (attribute: string, number = 0) =>
        new RegExp(` ${attribute}="([^"]+)"`).exec(mpd)?.[1]
          ?.replace("$RepresentationID$", /Representation id="([^"]+)"/.exec(mpd)?.[1] ?? "")
          .replace("$Number$", `${number}`);
      assert.lengthOf(mpd.match(/<S /g) ?? [], 2);
      const probed = await whole(manifest, [named("initialization"), named("media", 1), named("media", 2)]);
      assert.containsSubset(probed, found);
      assert.strictEqual(sizeFetched(), dash.sizeBytes);

      const segment = `/conversions/${id}/outputs/hls/32k-1.m4s`;
      const ranged = await service.call(segment, { headers: { range: "bytes=4-7" } });
      assert.deepStrictEqual([ranged.status, await ranged.text()], [206, "moof"]);
      const tags = await Promise.all(
        [segment, segment.replace("32k", "64k"), main].map(async (path) =>
          (await service.call(path, { method: "HEAD" })).headers.get("etag") ?? ""
        ),
      );
      assert.lengthOf(new Set(tags), 3);
      const unchanged = await service.call(segment, { headers: { "if-none-match": tags[0] ?? "" } });
      assert.strictEqual(unchanged.status, 304);
      for (const file of ["32k-3.m4s", "48k.mp4", "32k", "..%2fhls.m3u8", "%00"]) {
        await assertProblem(await service.call(`${main}/${file}`), "NOT_FOUND");
      }

      assert.lengthOf(await renditionsOf(id), 1 + 2 * 4 + 1 + 3);
      await service.call(`/uploads/${uploadId}`, { method: "DELETE" });
      await eventually(() => renditionsOf(id), ({ length }) => length === 0);
      await assertProblem(await service.call(segment), "NOT_FOUND");
    });

    it("keeps the outputs that succeed, and says which failed and why", async () => {
      const { id: uploadId } = await upload(service, audio, { process: { analysis: false } });
      const outputs = [{ format: "flac" }, { format: "opus", trim: oneSample }];
      const { id } = await accepted(await request(uploadId, { outputs }));
      const shown = await finished(id);
      assert.strictEqual(shown.status, "completed");
      assert.notProperty(shown, "error");
      const [flac, opus] = shown.outputs;
      assert.strictEqual(flac.status, "completed");
      assert.notProperty(flac, "error");
      assert.containsSubset(opus, {
        status: "failed",
        sizeBytes: null,
        error: { code: "ENCODE_FAILED", stage: "encode" },
      });
      assert.strictEqual((await service.call(`/conversions/${id}/outputs/flac`)).status, 200);
      const lost = await service.call(`/conversions/${id}/outputs/opus`);
      await assertProblem(lost, "ENCODE_FAILED", { stage: "encode" });
      assert.deepStrictEqual(await renditionsOf(id), [
        `default/default/audio/${uploadId}/renditions/${id}/flac.flac`,
      ]);

      const none = await accepted(await request(uploadId, { outputs: outputs.slice(1) }));
      const failed = await finished(none.id);
      assert.containsSubset(failed, { status: "failed", error: { code: "ENCODE_FAILED" } });
      assert.strictEqual(failed.outputs[0].status, "failed");
    });

    it("brings outputs to a loudness, from what the analysis measured", async () => {
      const { id: uploadId } = await upload(service, audio);
      const { analysis } = await settled(service, uploadId);
      assert.strictEqual(analysis.status, "completed");
      const measured = (await service.json(`/uploads/${uploadId}/analysis`)).loudness;
      const loudness = { targetLufs: -30 };
      const { id } = await accepted(
        await request(uploadId, {
          outputs: [{ format: "wav", loudness }, { format: "flac" }],
        }),
      );
      const [wav, flac] = (await finished(id)).outputs;
      assert.notProperty(flac, "loudness");
      assert.containsSubset(wav.loudness, { mode: "gain", limitedBy: null, skipped: null });
      assert.deepStrictEqual(wav.loudness.before, {
        integratedLufs: measured.integratedLufs,
        truePeakDbtp: measured.truePeakDbtp,
      });
      assert.approximately(wav.loudness.after.integratedLufs, -30, 0.02);
    });

    it("carries a picture and chapters that were sent along, and shows those of an upload", async () => {
      const { id: uploadId } = await upload(service, audio, { process: { analysis: false } });
      const palette = [[1, 0, 0, 1]] as const;
      const picture = await encodePng({ width: 40, height: 30, palette, pixels: new Uint8Array(1_200) });
      const cover = { data: Buffer.from(picture).toString("base64") };
      const chapters = [{ startSeconds: 0, title: "One" }, { startSeconds: 1, title: "Zwei – 2" }];
      const outputs = [
        { format: "m4a", chapters },
        { format: "flac", cover: "none" },
        { format: "opus", trim: oneSample },
      ];
      const { id } = await accepted(await request(uploadId, { outputs, cover }));
      assert.deepStrictEqual((await finished(id)).outputs.map(({ status }: Json) => status), [
        ...["completed", "completed", "failed"],
      ]);
      const fetched = async (name: string) =>
        new Uint8Array(await (await service.call(`/conversions/${id}/outputs/${name}`)).arrayBuffer());
      assert.include(
        Buffer.from(await fetched("m4a")).toString("latin1"),
        Buffer.from(picture).toString("latin1"),
      );
      const mediaOf = async (bytes: Uint8Array<ArrayBuffer>) => {
        const { id } = await upload(service, bytes, { process: { analysis: false } });
        return (await eventually(() => service.json(`/uploads/${id}`), ({ status }) => status === "ready"))
          .media;
      };
      assert.containsSubset(await mediaOf(await fetched("m4a")), {
        cover: { mediaType: "image/png", width: 40, height: 30 },
        chapters: [
          { startSeconds: 0, endSeconds: 1, title: "One" },
          { startSeconds: 1, title: "Zwei – 2" },
        ],
      });
      assert.containsSubset(await mediaOf(await fetched("flac")), { cover: null, chapters: [] });

      // One that fails may be tried again, and needs its picture.
      const failing = await accepted(await request(uploadId, { outputs: outputs.slice(2), cover }));
      await eventually(() => show(failing.id), ({ status }) => status === "failed");
      const stored = `default/default/audio/${uploadId}/covers/${failing.id}.png`;
      assert.deepStrictEqual(await renditionsOf(failing.id), [stored]);
      await service.call(`/uploads/${uploadId}`, { method: "DELETE" });
      await eventually(() => renditionsOf(uploadId), ({ length }) => length === 0);
    });

    it("gives the outputs of an album one gain, whichever of its uploads is converted", async () => {
      const sounds = [noise(2), { ...noise(2), samples: noise(2).samples.map((sample) => sample / 2) }];
      const ids = await Promise.all(sounds.map(async (sound) => {
        const { id } = await upload(service, new Uint8Array(wav(sound)));
        assert.strictEqual((await settled(service, id)).analysis.status, "completed");
        return id;
      }));
      const measured = await Promise.all(
        ids.map(async (id) => (await service.json(`/uploads/${id}/analysis`)).loudness),
      );
      const outputsOf = (...album: ReadonlyArray<string>) => ({
        outputs: [{ format: "flac", loudness: { targetLufs: -30, album } }],
      });
      const [first = "", second = ""] = ids;
      const results = await Promise.all(
        [[first, second], [second, first]].map(async ([one = "", other = ""]) => {
          const { id } = await accepted(await request(one, outputsOf(other, other)));
          return (await finished(id)).outputs[0].loudness;
        }),
      );
      const [loud, soft] = results;
      assert.containsSubset(loud, { scope: "album", before: soft.before, gainDb: soft.gainDb });
      const energy = measured.reduce((sum, { integratedLufs }) => sum + 10 ** (integratedLufs / 10) / 2, 0);
      assert.approximately(loud.before.integratedLufs, 10 * Math.log10(energy), 0.02);
      assert.strictEqual(loud.before.truePeakDbtp, measured[0].truePeakDbtp);
      assert.approximately(loud.after.integratedLufs - soft.after.integratedLufs, 20 * Math.log10(2), 0.02);

      const fresh = (await upload(service, audio, { process: { analysis: false } })).id;
      const field = "outputs[0].loudness.album";
      const unready = await request(first, outputsOf(second, fresh));
      assert.include((await assertProblem(unready, "NOT_READY", { field: `${field}[1]` })).detail, fresh);
      await assertProblem(await request(fresh, outputsOf(first)), "NOT_READY", { field });
      const nobody = `upl_${"0".repeat(26)}`;
      await assertProblem(await request(first, outputsOf(nobody)), "NOT_FOUND", { field: `${field}[0]` });
    });

    it("shows progress, cancels what runs or waits, and makes it after all when asked again", async () => {
      const { id: uploadId } = await upload(service, long, {
        filename: "long.flac",
        process: { analysis: false },
      });
      const { id } = await accepted(await request(uploadId, slowly));
      await eventually(() => show(id), ({ progress }) => progress > 0);
      await assertProblem(await service.call(`/conversions/${id}/outputs/ogg`), "NOT_READY");
      await assertProblem(await post(`/conversions/${id}/retry`), "NOT_READY");

      const waiting = await accepted(await request(uploadId, { outputs: [{ format: "wav" }] }));
      const { id: analysisId } = await accepted(await post(`/uploads/${uploadId}/analysis`));
      await assertProblem(await service.call(`/uploads/${uploadId}/waveform`), "NOT_READY");
      assert.containsSubset(await service.json(`/uploads/${uploadId}/analysis`), {
        id: analysisId,
        status: "queued",
        loudness: null,
        signal: null,
        waveform: null,
        startedAt: null,
      });
      for (const [conversion, was] of [[waiting.id, "queued"], [id, "running"]]) {
        assert.strictEqual((await show(conversion)).status, was);
        const cancelled = await accepted(await post(`/conversions/${conversion}/cancel`));
        assert.containsSubset(cancelled, { id: conversion, status: "cancelled" });
        assert.strictEqual((await show(conversion, cancelled.position)).status, "cancelled");
        // A client that lost the answer may ask again.
        await accepted(await post(`/conversions/${conversion}/cancel`));
      }
      const held = await service.call(`/conversions/${id}/outputs/ogg`);
      await assertProblem(held, "NOT_READY");
      await service.call(`/uploads/${uploadId}`, { method: "DELETE" });
      await eventually(
        () => service.json(`/uploads/${uploadId}`),
        ({ analysis }) => analysis.status === "cancelled",
      );
    });

    it("completes a cancelled conversion when asked to try again", async () => {
      const { id: uploadId } = await upload(service, long, {
        filename: "long.flac",
        process: { analysis: false },
      });
      const { id } = await accepted(await request(uploadId, slowly));
      await eventually(() => show(id), ({ status }) => status === "running");
      await accepted(await post(`/conversions/${id}/cancel`));
      await eventually(() => filesBelow(`${service.dataDirectory}/work`), ({ length }) => length === 0);
      assert.deepStrictEqual(await renditionsOf(id), []);

      const { status, position } = await accepted(await post(`/conversions/${id}/retry`));
      assert.strictEqual(status, "queued");
      assert.include(["queued", "running"], (await show(id, position)).status);
      const seen: Array<number> = [];
      const done = await eventually(() => show(id), ({ progress, status }) => {
        seen.push(progress);
        return status !== "queued" && status !== "running";
      });
      assert.containsSubset(done, {
        status: "completed",
        progress: 1,
        attempt: 2,
        outputs: [{ name: "ogg", progress: 1 }],
      });
      assert.deepStrictEqual(seen.toSorted((a, b) => a - b), seen);
      assert.isAbove(seen.filter((progress) => progress > 0 && progress < 1).length, 0);
      assert.deepStrictEqual(await renditionsOf(id), [
        `default/default/audio/${uploadId}/renditions/${id}/ogg.ogg`,
      ]);
    });

    let refused = "";
    beforeAll(async () => {
      refused = (await upload(service, audio, { process: { analysis: false } })).id;
    });

    it.each<readonly [unknown, string]>([
      [{ outputs: [] }, "outputs"],
      [{ outputs: Array.from({ length: 17 }, (_, i) => ({ name: `o${i}`, format: "wav" })) }, "outputs"],
      [{ outputs: [{ format: "mp3" }, { format: "mp3" }] }, "outputs[1].name"],
      [{ outputs: [{ format: "flac", bitrateKbps: 128 }] }, "outputs[0].bitrateKbps"],
      [{ outputs: [{ format: "mp3", sampleRate: 44_000 }] }, "outputs[0].sampleRate"],
      [{ outputs: [{ format: "mp3", sampleRate: 96_000 }] }, "outputs[0].sampleRate"],
      [{ outputs: [{ format: "wav" }, { format: "mp3", channels: 3 }] }, "outputs[1].channels"],
      [{ outputs: [{ format: "wav", loudness: { targetLufs: 0 } }] }, "outputs[0].loudness.targetLufs"],
      [{ outputs: [{ format: "hls", bitratesKbps: [] }] }, "outputs[0].bitratesKbps"],
      [{ outputs: [{ format: "hls", bitratesKbps: [64, 4] }] }, "outputs[0].bitratesKbps[1]"],
      [{ outputs: [{ format: "wav", loudness: {} }] }, "outputs[0].loudness.targetLufs"],
      [{ outputs: [{ format: "wav", pitchSemitones: 12.1 }] }, "outputs[0].pitchSemitones"],
      [
        { outputs: [{ format: "wav", silenceTrim: { thresholdDbfs: -5 } }] },
        "outputs[0].silenceTrim.thresholdDbfs",
      ],
      [
        { outputs: [{ format: "wav" }, { format: "mp3", trim: { startSeconds: 2.5 } }] },
        "outputs[1].trim.startSeconds",
      ],
      [{ outputs: [{ format: "wav", channelSelect: 2 }] }, "outputs[0].channelSelect"],
      [
        { outputs: [{ format: "wav", loudness: { targetLufs: -16, album: [] } }] },
        "outputs[0].loudness.album",
      ],
      [{}, "outputs"],
      [{ output: [] }, "output"],
      [
        { outputs: [{ format: "wav", chapters: [{ startSeconds: 0, title: "One" }] }] },
        "outputs[0].chapters",
      ],
      [{ outputs: [{ format: "wav" }], cover: { data: "R0lGODlhAQABAAAAACw=" } }, "cover"],
      [{ outputs: [{ format: "wav" }], cover: { data: "not Base64" } }, "cover"],
    ])("refuses %j", async (body, field) => {
      await assertProblem(await request(refused, body), "INVALID_PARAMETER", { field });
    });

    it("refuses a picture of more than a mebibyte", async () => {
      const palette = [[1, 0, 0, 1]] as const;
      const picture = await encodePng({ width: 1, height: 1, palette, pixels: new Uint8Array(1) });
      const large = Buffer.concat([picture, Buffer.alloc(1_024 ** 2 + 1 - picture.length)]);
      const cover = { data: large.toString("base64") };
      const response = await request(refused, { outputs: [{ format: "wav" }], cover });
      await assertProblem(response, "INVALID_PARAMETER", { field: "cover" });
    });

    it("refuses to convert what is no audio", async () => {
      const { id } = await upload(service, new TextEncoder().encode("la la la"));
      assert.strictEqual((await settled(service, id)).rejection.code, "UNSUPPORTED_FORMAT");
      await assertProblem(await request(id, slowly), "UPLOAD_REJECTED");
      await assertProblem(await post(`/uploads/${id}/analysis`), "UPLOAD_REJECTED");
    });
  });
};
