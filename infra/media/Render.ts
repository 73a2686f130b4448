import { Array, Effect, Result } from "effect";
import { correction } from "../../domain/media/Loudness.ts";
import { isLossless } from "../../domain/media/OutputFormat.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import type { MediaError, Rendering, RenderJob } from "../../services/MediaEngine.ts";
import { type Extras, findExtras } from "./Attachments.ts";
import { badInput } from "./BadInput.ts";
import { encode, type Outcome } from "./Encode.ts";
import { type Header, readHeader } from "./Header.ts";
import { isOfAlbum, type Material } from "./Material.ts";
import { preparationWork } from "./PreparationWork.ts";
import { prepare, type Prepared } from "./Prepare.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { remove } from "./SoundFiles.ts";
import { isUnsettled, settleExtent } from "./SourceExtent.ts";
import type { RenderLimits } from "./Verify.ts";

/**
 * Renders all outputs from one decode; then reads each one back to make sure of it. Those whose loudness or peaks their codec has moved
 * are rendered again, with a gain or a limiter that makes up for it. Where a process fails because of an output, each is rendered apart, so that one
 * cannot spoil the others.
 */
export const render = Effect.fnUntraced(function* (job: RenderJob, limits: RenderLimits) {
  const header = yield* readHeader(job.source);
  const onProgress = ProgressMeter.rising(job.onProgress);
  const extentWork = isUnsettled(job) ? 1 : 0;
  const { all } = worksOf(materialOf(job, header, limits), job.encodings);
  const phase = ProgressMeter.divide(onProgress, extentWork + all);
  const { media, settled } = yield* settleExtent(
    { ...job, onProgress: phase(extentWork) },
    limits.maxSeconds,
  );
  const [encodings, unmade] = Array.separate(settled);
  const failures = unmade.map((failed) => Result.fail(failed));
  if (!Array.isReadonlyArrayNonEmpty(encodings)) return yield* sorted(failures);
  const extras = yield* findExtras({ ...job, media, encodings }, header);
  const rest = phase(all);
  const possible = { ...job, media, encodings, onProgress: rest };
  const together = yield* Effect.result(renderTogether(possible, header, extras, limits));
  if (Result.isSuccess(together)) return yield* sorted([...together.success, ...failures]);
  if (encodings.length === 1 || !isOfOneOutput(together.failure)) return yield* together.failure;
  const portion = ProgressMeter.divide(rest, encodings.length);
  const apart = yield* Effect.forEach(
    encodings,
    (encoding) =>
      renderTogether({ ...possible, encodings: [encoding], onProgress: portion(1) }, header, extras, limits)
        .pipe(
          Effect.catchReason("MediaError", "BadInput", ({ failure: reason }) => {
            const outcome: Outcome = Result.fail({ encoding, reason });
            return Effect.succeed([outcome]);
          }),
        ),
  );
  // The last ones may have failed before they were done.
  yield* rest(1);
  return yield* sorted([...apart.flat(), ...failures]);
});

const isOfOneOutput = ({ reason }: MediaError): boolean =>
  reason._tag === "BadInput" && reason.failure.stage === "encode";

const sorted = (outcomes: ReadonlyArray<Outcome>): Effect.Effect<Rendering, MediaError> => {
  const [files, failed] = Array.separate(outcomes);
  if (Array.isReadonlyArrayNonEmpty(files)) return Effect.succeed({ files, failed });
  const reason = failed[0]?.reason;
  return reason
    ? Effect.fail(badInput(reason.code, reason.stage, reason.detail))
    : Effect.die("rendered nothing of nothing");
};

const materialOf = (
  { workspace, source: path, media, levels, albumLevels = null }: RenderJob,
  { isWide, sampleFormat }: Header,
  limits: RenderLimits,
): Material => ({
  ...limits,
  workspace,
  source: { path, media },
  isWide,
  sampleFormat,
  levels,
  albumLevels,
});

/** How much work each phase is, in decodes of the source. */
const worksOf = (material: Material, encodings: ReadonlyArray<Encoding>) => {
  const preparing = preparationWork(material, encodings).all;
  const encoding = encodings.length;
  const checking = encodings.filter(({ loudness }) => loudness !== null).length;
  // What codecs with loss do to the levels is mostly put right by another encode.
  const lossy = encodings.filter((encoding) =>
    encoding.loudness !== null && !isOfAlbum(material, encoding) && !isLossless(encoding.format)
  );
  const correcting = 2 * lossy.length;
  return { preparing, encoding, checking, correcting, all: preparing + encoding + checking + correcting };
};

/** How often outputs may be corrected, as shares of the work of it: a codec answers a gain with peaks that cannot be foretold. */
const corrections = [0.75, 0.25];

const renderTogether = Effect.fnUntraced(function* (
  job: RenderJob,
  header: Header,
  extras: Extras,
  limits: RenderLimits,
) {
  const { source, encodings } = job;
  const material = materialOf(job, header, limits);
  const works = worksOf(material, encodings);
  const phase = ProgressMeter.divide(job.onProgress, works.all);
  const prepared = yield* prepare(material, encodings, phase(works.preparing));
  const [outputs, failed] = Array.separate(prepared);
  const failures = failed.map((failed): Outcome => Result.fail(failed));
  const written = outputs.map(({ path }) => path).filter((path) => path !== source);
  return yield* Effect.gen(function* () {
    if (outputs.length === 0) return failures;
    const first = yield* encode(material, outputs, extras, phase(works.encoding), phase(works.checking));
    let made = Array.zip(outputs, first);
    for (const share of corrections) {
      const again = made.flatMap(([output, outcome]) => correctedBy(output, outcome) ?? []);
      if (again.length === 0) break;
      const half = share * works.correcting / 2;
      const outcomes = yield* encode(material, again, extras, phase(half), phase(half));
      const corrected = new Map(Array.zip(again, outcomes).map((pair) => [pair[0].encoding, pair]));
      made = made.map((pair) => corrected.get(pair[0].encoding) ?? pair);
    }
    yield* job.onProgress(1);
    return [...made.map(([, outcome]) => outcome), ...failures];
  }).pipe(Effect.ensuring(Effect.forEach(written, remove, { discard: true })));
});

/** The output once more, where its codec has moved its loudness or its peaks, and that can be made up for. */
const correctedBy = (output: Prepared, outcome: Outcome): Prepared | null => {
  const { loudness: target, format } = output.encoding;
  if (target === null || isLossless(format) || Result.isFailure(outcome)) return null;
  const { loudness } = outcome.success;
  const needed = loudness && correction(target, loudness);
  return needed && output.corrected(needed);
};
