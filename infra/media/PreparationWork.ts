import { ceilingOf, plan } from "../../domain/media/Loudness.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import { isAlike, keyOf } from "./Filters.ts";
import { isOfAlbum, type Material } from "./Material.ts";

/** What the setting of a limiter usually takes, in decodes of the source. */
const limitingWork = 8;

/**
 * How much work it is to prepare outputs, in decodes of the source: to write their sounds, then for each of them to measure and to limit
 * it. What outputs have in common is done for the first one.
 */
export const preparationWork = (material: Material, encodings: ReadonlyArray<Encoding>) => {
  const { source, levels } = material;
  const seen = new Set<string>();
  const once = (work: number, ...key: ReadonlyArray<unknown>) => {
    const name = key.join();
    if (seen.has(name)) return 0;
    seen.add(name);
    return work;
  };
  let writing = 0;
  const measuring = encodings.map(() => 0), limiting = encodings.map(() => 0);
  for (const [index, encoding] of encodings.entries()) {
    const { loudness } = encoding;
    if (loudness === null || isOfAlbum(material, encoding)) continue;
    const isSource = isAlike(encoding, source.media);
    const key = isSource ? "" : keyOf(encoding, source.media);
    const before = isSource ? levels : null;
    if (!isSource) writing += once(1, "write", key);
    if (before === null) measuring[index] = once(1, "measure", key);
    const mayBind = before === null || plan(loudness, before).limitedBy !== null;
    if (loudness.mode === "limit" && mayBind) {
      limiting[index] = once(limitingWork, key, loudness.targetLufs, ceilingOf(loudness));
    }
  }
  const all = [...measuring, ...limiting].reduce((sum, work) => sum + work, writing);
  return { writing, measuring, limiting, all };
};
