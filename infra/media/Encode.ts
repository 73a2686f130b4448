import { Array, Effect, Result } from "effect";
import { join } from "node:path";
import { resultOf } from "../../domain/media/Loudness.ts";
import { traits } from "../../domain/media/OutputFormat.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import { secondsAfter } from "../../domain/media/Processing.ts";
import type { OnProgress, RenderedFile } from "../../services/MediaEngine.ts";
import type { Extras } from "./Attachments.ts";
import { runEncoders } from "./EncodeProcesses.ts";
import type { Material } from "./Material.ts";
import { type Failed, outcomeOf, type Prepared } from "./Prepare.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { segment } from "./Segmenting.ts";
import { measureLevels } from "./SoundFiles.ts";
import { verify } from "./Verify.ts";

/** How one output ended. */
export type Outcome = Result.Result<RenderedFile, Failed>;

/**
 * Encodes prepared outputs from one decode, over files of theirs that are there already; then reads each one back, and measures it where
 * it is to be of a loudness. Answers how each ended, in their order.
 */
export const encode = Effect.fnUntraced(function* (
  material: Material,
  outputs: ReadonlyArray<Prepared>,
  extras: Extras,
  onEncoding: OnProgress,
  onChecking: OnProgress,
) {
  const { workspace, source: { media } } = material;
  const fileOf = ({ name, format, bitrateKbps }: Encoding) =>
    traits[format].bitratesKbps === null
      ? join(workspace, `${name}.${traits[format].extension}`)
      : join(workspace, `_${name}-${bitrateKbps}.mp4`);
  const lengthOf = ({ processing }: Encoding) => secondsAfter(processing, media.durationSeconds);
  const encoded = yield* runEncoders(material, outputs, extras, fileOf, onEncoding);
  const checking = ProgressMeter.average(onChecking, outputs.filter(({ plan }) => plan !== null).length);
  return yield* Effect.forEach(outputs, ({ encoding, plan }, index) => {
    const samples = encoded.get(encoding.name) ?? null;
    return outcomeOf(
      encoding,
      Effect.gen(function* () {
        const { bitratesKbps } = encoding;
        const written = bitratesKbps && Array.map(bitratesKbps, (bitrateKbps) => ({
          bitrateKbps,
          path: fileOf({ ...encoding, bitrateKbps }),
        }));
        const verified = written === null
          ? yield* verify({ encoding, path: fileOf(encoding), samples }, lengthOf(encoding), material)
          : yield* segment(
            { encoding, variants: written, samples },
            join(workspace, "_variants"),
            lengthOf(encoding),
            material,
          );
        // Of variants, the one of the highest bit rate is measured.
        const path = written?.at(-1)?.path ?? verified.path;
        if (encoding.loudness === null || plan === null) return { ...verified, loudness: null };
        const after = yield* levelsOf(material, { ...verified, path }, checking(index));
        return { ...verified, loudness: resultOf(encoding.loudness, plan, after) };
      }),
    );
  }, { concurrency: 2 });
});

/** The levels of a finished output, decoded. */
const levelsOf = (
  { source: { media }, ...limits }: Material,
  { path, durationSeconds, encoding: { format, sampleRate, channels } }: Omit<RenderedFile, "loudness">,
  onProgress: OnProgress,
) => {
  // Opus is decoded at 48 kHz, whatever it was made from.
  const found = { ...media, durationSeconds, channels, sampleRate: format === "opus" ? 48_000 : sampleRate };
  // Encoders add a little at both ends.
  return measureLevels({ ...limits, maxSeconds: limits.maxSeconds + 1 }, { path, media: found }, onProgress);
};
