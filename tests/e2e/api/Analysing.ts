import { assert, describe, it } from "@effect/vitest";
import { silence, sine, type Sound, wav } from "../../support/Audio.ts";
import { pixelsOf } from "../../support/Pixels.ts";
import { assertProblem } from "../../support/Problems.ts";
import { eventually, type Json, type RunningService, settled, upload } from "../../support/RunningService.ts";

const frames = 10 * 48_000;
/** Ten seconds of 1 kHz at −20 dBFS in stereo: −20 LUFS, since both channels add up to the 3 dB that a sine lacks. */
const reference = sine({ frequency: 1_000, seconds: 10, sampleRate: 48_000, amplitude: 0.1 });

const joined = (...sounds: readonly [Sound, ...ReadonlyArray<Sound>]): Sound => ({
  ...sounds[0],
  samples: Float32Array.from(sounds.flatMap(({ samples }) => [...samples])),
});

/** What is measured, and the waveform. */
export const analysing = (service: RunningService): void => {
  const analysed = async (sound: Sound): Promise<Json> => {
    const { id } = await upload(service, new Uint8Array(wav(sound)));
    assert.containsSubset(await settled(service, id), { status: "ready", analysis: { status: "completed" } });
    return service.json(`/uploads/${id}/analysis`);
  };

  describe("analysing", () => {
    let measured: Json;

    it("measures a known signal", async () => {
      measured = await analysed(reference);
      const { loudness, signal, waveform, ...rest } = measured;
      assert.match(rest.id, /^anl_[0-9a-z]{26}$/);
      assert.containsSubset(rest, {
        status: "completed",
        progress: 1,
        attempt: 1,
        decodedSeconds: 10,
        warnings: ["MONO_AS_STEREO"],
        tempo: null,
        key: null,
        transcript: null,
        errors: {},
        links: { self: `/api/v1/uploads/${rest.uploadId}/analysis` },
      });
      assert.hasAllKeys(rest.analyserVersion, [
        ...["loudness", "tempo", "key", "signal", "waveform", "transcript"],
      ]);
      assert.approximately(loudness.integratedLufs, -20, 0.05);
      assert.approximately(loudness.maxMomentaryLufs, -20, 0.05);
      assert.approximately(loudness.maxShortTermLufs, -20, 0.05);
      assert.approximately(loudness.rangeLu, 0, 0.05);
      assert.approximately(loudness.threshold, -30, 0.1);
      assert.approximately(loudness.truePeakDbtp, -20, 0.1);
      assert.approximately(loudness.samplePeakDbfs, -20, 0.01);
      assert.approximately(signal.rmsDbfs, -23.01, 0.01);
      assert.approximately(signal.crestDb, 3.01, 0.01);
      assert.approximately(signal.dcOffset, 0, 1e-4);
      assert.containsSubset(signal, { silent: false, silences: [], clippedSamples: 0 });
      assert.containsSubset(waveform, {
        sampleRate: 48_000,
        samplesPerPixel: 256,
        length: Math.ceil(frames / 256),
        channels: 2,
        links: {
          json: `/api/v1/uploads/${rest.uploadId}/waveform`,
          dat: `/api/v1/uploads/${rest.uploadId}/waveform?format=dat`,
          png: `/api/v1/uploads/${rest.uploadId}/waveform?format=png`,
        },
      });
    });

    it("finds silence, and samples that are clipped", async () => {
      const short = { seconds: 1, sampleRate: 48_000 };
      const { signal, warnings } = await analysed(
        joined(sine({ ...short, amplitude: 1.5 }), silence({ ...short, seconds: 2 }), sine(short)),
      );
      assert.strictEqual(signal.silences.length, 1);
      assert.approximately(signal.silences[0].start, 1, 0.05);
      assert.approximately(signal.silences[0].end, 3, 0.05);
      assert.isAbove(signal.clippedSamples, 1_000);
      assert.deepStrictEqual(warnings, ["CLIPPED", "MONO_AS_STEREO"]);
      assert.isFalse(signal.silent);
    });

    it("gives the waveform as JSON and as binary data, in every resolution", async () => {
      const path = `/uploads/${measured.uploadId}/waveform`;
      const length = Math.ceil(frames / 256);
      const fine = await service.json(path);
      assert.containsSubset(fine, {
        version: 2,
        channels: 1,
        sample_rate: 48_000,
        samples_per_pixel: 256,
        bits: 8,
        length,
      });
      assert.strictEqual(fine.data.length, 2 * length);
      assert.deepStrictEqual([Math.min(...fine.data), Math.max(...fine.data)], [-12, 12]);
      const wide = await service.json(`${path}?bits=16`);
      assert.deepStrictEqual([wide.bits, Math.max(...wide.data)], [16, 3277]);

      const coarse = await service.json(`${path}?zoom=1024`);
      assert.containsSubset(coarse, { samples_per_pixel: 1_024, length: Math.ceil(length / 4) });
      assert.strictEqual(
        coarse.data[0],
        Math.min(...fine.data.slice(0, 8).filter((_: number, i: number) => i % 2 === 0)),
      );

      for (const [query, json, bytes] of [["", fine, 1], ["&bits=16", wide, 2], ["&zoom=1024", coarse, 1]]) {
        const response = await service.call(`${path}?format=dat${query}`);
        assert.strictEqual(response.headers.get("content-type"), "application/octet-stream");
        const dat = new DataView(await response.arrayBuffer());
        const header = [0, 4, 8, 12, 16].map((at) => dat.getInt32(at, true));
        const { sample_rate, samples_per_pixel, data } = json;
        assert.deepStrictEqual(header, [1, bytes === 1 ? 1 : 0, sample_rate, samples_per_pixel, json.length]);
        const values = Array.from(
          { length: 2 * json.length },
          (_, i) => bytes === 1 ? dat.getInt8(20 + i) : dat.getInt16(20 + 2 * i, true),
        );
        assert.deepStrictEqual(values, data);
      }
    });

    it("gives the waveform of each channel", async () => {
      const sound = sine({ seconds: 1, amplitude: 0.5 });
      const { uploadId } = await analysed({
        ...sound,
        samples: sound.samples.map((sample, i) => i % 2 === 0 ? sample : sample / 2),
      });
      const path = `/uploads/${uploadId}/waveform?channels=split&zoom=65536`;
      const length = 1;
      const json = await service.json(`${path}&bits=16`);
      assert.deepStrictEqual({ ...json, data: json.data.map((value: number) => Math.round(value / 82)) }, {
        ...{ version: 2, channels: 2, sample_rate: 44_100, samples_per_pixel: 65_536, bits: 16, length },
        data: [-200, 200, -100, 100],
      });
      const dat = new DataView(await (await service.call(`${path}&format=dat&bits=16`)).arrayBuffer());
      assert.deepStrictEqual([0, 4, 16, 20].map((at) => dat.getInt32(at, true)), [2, 0, length, 2]);
      assert.deepStrictEqual([24, 26, 28, 30].map((at) => dat.getInt16(at, true)), json.data);
      const png = await service.call(`/uploads/${uploadId}/waveform?channels=split&format=png&width=16`);
      const { width, pixels } = pixelsOf(new Uint8Array(await png.arrayBuffer()));
      const tall = (from: number) =>
        pixels.slice(from * width, (from + 80) * width).filter(([, , , opacity = 0]) => opacity > 0).length /
        width;
      assert.approximately(tall(0), 40, 2);
      assert.approximately(tall(80), 20, 2);
      await assertProblem(
        await service.call(`/uploads/${uploadId}/waveform?channels=left`),
        "INVALID_PARAMETER",
        {
          field: "channels",
        },
      );
    });

    it("has no waveform of the channels where there are too many", async () => {
      const { uploadId, waveform } = await analysed(sine({ channels: 9, seconds: 0.2 }));
      assert.isNull(waveform.channels);
      const path = `/uploads/${uploadId}/waveform`;
      assert.strictEqual((await service.json(path)).channels, 1);
      await assertProblem(await service.call(`${path}?channels=split`), "NOT_FOUND");
    });

    it.each([256, 1_024, 4_096, 65_536])("zooms to %i samples in a pixel, in every format", async (zoom) => {
      const path = `/uploads/${measured.uploadId}/waveform?zoom=${zoom}`;
      const { samples_per_pixel, length, data } = await service.json(path);
      assert.deepStrictEqual([samples_per_pixel, length], [zoom, Math.ceil(frames / zoom)]);
      const dat = new Int8Array(await (await service.call(`${path}&format=dat`)).arrayBuffer(), 20);
      assert.deepStrictEqual([...dat], data);
      const png = await service.call(`${path}&format=png&width=100`);
      const { width, height, pixels } = pixelsOf(new Uint8Array(await png.arrayBuffer()));
      assert.deepStrictEqual([width, height], [100, 160]);
      // Peaks of −20 dBFS take a tenth of the height; past the end there is only the line.
      const tall = (x: number) =>
        pixels.filter(([, , , opacity = 0], at) => at % width === x && opacity > 0).length;
      assert.approximately(tall(0), 16, 2);
      assert.approximately(tall(99), 99 * zoom < frames ? 16 : 2, 2);
    });

    it.each([
      ["zoom", "300"],
      ["zoom", "0"],
      ["zoom", "fine"],
      ["format", "gif"],
      ["bits", "12"],
      ["width", "5000"],
      [
        "height",
        "0",
      ],
      ["scale", "3"],
      ["color", "red"],
      ["progress", "1.5"],
    ])(
      "refuses a waveform with %s=%s",
      async (field, value) => {
        const response = await service.call(`/uploads/${measured.uploadId}/waveform?${field}=${value}`);
        await assertProblem(response, "INVALID_PARAMETER", { field });
      },
    );

    it("makes a new analysis when asked again", async () => {
      const { uploadId } = measured;
      const response = await service.call(`/uploads/${uploadId}/analysis`, { method: "POST" });
      assert.strictEqual(response.status, 202);
      const { id, status, position } = await response.json();
      assert.strictEqual(status, "queued");
      assert.notStrictEqual(id, measured.id);
      assert.strictEqual((await service.json(`/uploads/${uploadId}/analysis?after=${position}`)).id, id);
      await settled(service, uploadId);
      const again = await service.json(`/uploads/${uploadId}/analysis`);
      assert.strictEqual(again.id, id);
      assert.deepStrictEqual(
        [again.loudness, again.signal, again.waveform],
        [measured.loudness, measured.signal, measured.waveform],
      );
    });

    it("has no transcript where the service has no recogniser", async () => {
      assert.strictEqual(measured.analyserVersion.transcript, 0);
      await assertProblem(await service.call(`/uploads/${measured.uploadId}/transcript`), "NOT_FOUND");
    });

    it("has no analysis of an upload that declined it", async () => {
      const { id } = await upload(service, new Uint8Array(wav(sine())), { process: { analysis: false } });
      await eventually(() => service.json(`/uploads/${id}`), ({ status }) => status === "ready");
      await assertProblem(await service.call(`/uploads/${id}/analysis`), "NOT_FOUND");
      await assertProblem(await service.call(`/uploads/${id}/waveform`), "NOT_FOUND");
    });
  });
};
