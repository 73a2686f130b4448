import { assert, describe, it } from "@effect/vitest";
import { silentFlac, sine, wav } from "../../support/Audio.ts";
import { filesBelow } from "../../support/Files.ts";
import { assertProblem } from "../../support/Problems.ts";
import { eventually, type Json, type RunningService, settled, upload } from "../../support/RunningService.ts";

/** What becomes of a deleted upload, and of the work on it. */
export const deleting = (service: RunningService): void => {
  const blobsOf = async (id: string) =>
    (await filesBelow(`${service.dataDirectory}/blobs`)).filter((path) => path.includes(id));

  const remove = async (id: string): Promise<Json> => {
    const response = await service.call(`/uploads/${id}`, { method: "DELETE" });
    assert.strictEqual(response.status, 202);
    const removed = await response.json();
    assert.containsSubset(removed, { id, status: "deleted", links: { self: `/api/v1/uploads/${id}` } });
    return removed;
  };

  const assertGone = async (id: string, position: number) => {
    assert.strictEqual((await service.json(`/uploads/${id}?after=${position}`)).status, "deleted");
    await eventually(() => blobsOf(id), ({ length }) => length === 0);
    await eventually(() => filesBelow(`${service.dataDirectory}/work`), ({ length }) => length === 0);
    const listed = await service.json("/uploads?limit=200");
    assert.notInclude(listed.items.map((item: Json) => item.id), id);
    const deleted = await service.json("/uploads?limit=200&status=deleted");
    assert.include(deleted.items.map((item: Json) => item.id), id);
    for (const path of ["content", "analysis", "analysis/curves", "waveform"]) {
      await assertProblem(await service.call(`/uploads/${id}/${path}`), "NOT_FOUND");
    }
    const later = [
      { path: "conversions", body: '{"outputs":[{"format":"mp3"}]}', type: "application/json" },
      { path: "analysis" },
    ];
    for (const { path, body = null, type } of later) {
      const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
      const response = await service.call(`/uploads/${id}/${path}`, { method: "POST", body, headers });
      await assertProblem(response, "NOT_FOUND");
    }
  };

  describe("deleting an upload", () => {
    it("removes every object of it", async () => {
      const { id } = await upload(service, new Uint8Array(wav(sine())), {
        process: { outputs: [{ format: "mp3" }, { format: "flac" }] },
      });
      const { conversions: [{ id: conversionId }], analysis } = await settled(service, id);
      const folder = `default/default/audio/${id}`;
      assert.deepStrictEqual(await blobsOf(id), [
        `${folder}/analysis/${analysis.id}/curves.json`,
        `${folder}/analysis/${analysis.id}/spectrogram.bin`,
        `${folder}/analysis/${analysis.id}/waveform-channels.dat`,
        `${folder}/analysis/${analysis.id}/waveform.dat`,
        `${folder}/analysis/${analysis.id}/waveform.rms`,
        `${folder}/original.wav`,
        `${folder}/renditions/${conversionId}/flac.flac`,
        `${folder}/renditions/${conversionId}/mp3.mp3`,
      ]);
      const { position } = await remove(id);
      await assertGone(id, position);
      await assertProblem(await service.call(`/conversions/${conversionId}/outputs/mp3`), "NOT_FOUND");
      // A client that lost the answer may ask again.
      await remove(id);
    });

    it("stops a conversion in the middle, and leaves nothing of it", async () => {
      const { id } = await upload(service, new Uint8Array(silentFlac(1_500)), {
        filename: "long.flac",
        process: { outputs: [{ format: "ogg" }, { format: "wav" }], analysis: true },
      });
      const { conversions: [{ id: conversionId }] } = await eventually(
        () => service.json(`/uploads/${id}`),
        ({ conversions }) => conversions[0]?.status === "running",
      );
      await eventually(
        () => filesBelow(`${service.dataDirectory}/work`),
        (files) => files.some((path: string) => path.endsWith("ogg.ogg")),
      );
      const { position } = await remove(id);
      await assertGone(id, position);
      assert.strictEqual((await service.json(`/conversions/${conversionId}`)).status, "cancelled");
      assert.strictEqual((await service.json(`/uploads/${id}`)).analysis.status, "cancelled");
      const retried = await service.call(`/conversions/${conversionId}/retry`, { method: "POST" });
      await assertProblem(retried, "NOT_FOUND");
    });

    it("leaves nothing when it follows the upload at once", async () => {
      const ids = await Promise.all(Array.from({ length: 5 }, async () => {
        const { id } = await upload(service, new Uint8Array(wav(sine())), {
          process: { outputs: [{ format: "mp3" }] },
        });
        return { id, ...await remove(id) };
      }));
      for (const { id, position } of ids) await assertGone(id, position);
    });
  });
};
