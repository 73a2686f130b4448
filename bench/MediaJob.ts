import { NodeServices } from "@effect/platform-node";
import { Context, Effect, Layer } from "effect";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { encodingFor, type OutputSpec } from "../domain/media/OutputSpec.ts";
import * as FfmpegMediaEngine from "../infra/media/FfmpegMediaEngine.ts";
import { MediaEngine } from "../services/MediaEngine.ts";

/** The outputs of the job: what people ask for. */
export const outputs = {
  mp3: { name: "mp3", format: "mp3", bitrateKbps: 192 },
  m4a: { name: "m4a", format: "m4a", bitrateKbps: 192 },
  opus: { name: "opus", format: "opus", bitrateKbps: 128 },
} as const satisfies Record<string, OutputSpec>;

/** The media engine as the service runs it, with its workspaces in a directory. */
export const openEngine = (directory: string) =>
  FfmpegMediaEngine.layer({ workDirectory: join(directory, "work") }).pipe(
    Layer.provide(NodeServices.layer),
    Layer.build,
    Effect.map(Context.get(MediaEngine)),
    Effect.orDie,
  );

const ignoreProgress = () => Effect.void;

/** The work of an upload, without the service around it: the probe, then the outputs and the analysis side by side. */
export const mediaJob = Effect.fnUntraced(function* (
  engine: MediaEngine["Service"],
  track: string,
  specs: readonly [OutputSpec, ...ReadonlyArray<OutputSpec>],
) {
  const workspace = yield* engine.workspace;
  const source = join(workspace, "source");
  yield* Effect.promise(() => copyFile(track, source));
  const media = yield* engine.probe(source);
  const job = { workspace, source, media, onProgress: ignoreProgress };
  const [first, ...others] = specs;
  const encodings = [encodingFor(first, media), ...others.map((spec) => encodingFor(spec, media))] as const;
  yield* Effect.all([engine.render({ ...job, encodings, levels: null }), engine.measure(job)], {
    concurrency: 2,
  });
}, Effect.scoped);
