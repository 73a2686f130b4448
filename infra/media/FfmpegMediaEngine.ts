import { Effect, Layer } from "effect";
import { ChildProcessSpawner } from "effect/process";
import { Limits } from "../../services/Limits.ts";
import { MediaEngine, type MediaError } from "../../services/MediaEngine.ts";
import { findFormats } from "./Codecs.ts";
import { encoder } from "./Encoder.ts";
import { canConfine } from "./FfmpegProcess.ts";
import { measure } from "./Measure.ts";
import { probe } from "./Probe.ts";
import { render } from "./Render.ts";
import { writeSpeech } from "./Speech.ts";
import * as Workspace from "./Workspace.ts";

/** What a WAV output may take on the disk; others take at most 4 GiB. */
const maxOutputBytes = 16 * 1024 ** 3;

/**
 * The port `MediaEngine` over ffmpeg and ffprobe 5.1 or later. Workspaces are made in `workDirectory`, which is created if need be
 * and may be shared by processes; what a crash left there is removed.
 */
export const layer = (
  options: { readonly workDirectory: string },
): Layer.Layer<MediaEngine, MediaError, ChildProcessSpawner.ChildProcessSpawner> =>
  Layer.effect(
    MediaEngine,
    Effect.gen(function* () {
      const { maxDurationSeconds: maxSeconds } = yield* Limits;
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner;
      const spawning = Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner);
      yield* Workspace.prepare(options.workDirectory);
      if (!canConfine()) {
        yield* Effect.logWarning(
          "prlimit and setpriv (util-linux) are not both on the PATH: ffmpeg runs without limits on CPU time and memory, and outlives a service that is killed",
        );
      }
      return MediaEngine.of({
        workspace: Workspace.make(options.workDirectory),
        probe: Effect.fn("MediaEngine.probe")((path) => spawning(probe(path, maxSeconds))),
        render: Effect.fn("MediaEngine.render")((job) =>
          spawning(render(job, { maxSeconds, maxBytes: maxOutputBytes }))
        ),
        formats: yield* spawning(findFormats),
        encoder: spawning(encoder),
        measure: Effect.fn("MediaEngine.measure")((job) => spawning(measure(job, maxSeconds))),
        writeSpeech: Effect.fn("MediaEngine.writeSpeech")((job) => spawning(writeSpeech(job, maxSeconds))),
      });
    }),
  );
