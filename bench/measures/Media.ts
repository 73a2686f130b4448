import { Effect } from "effect";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type Measure, rate } from "../Measure.ts";
import { mediaJob, openEngine, outputs } from "../MediaJob.ts";
import { ownProgram, shell } from "../Programs.ts";
import { loopTrack, makeTrack, mediaDirectory } from "../Tracks.ts";

const trackSeconds = 180;
const clips = 40;
const { mp3, m4a, opus } = outputs;

/** The encoders of the outputs, as people write them in a script. */
const encoders = {
  mp3: "-c:a libmp3lame -b:a 192k",
  m4a: "-c:a aac -b:a 192k",
  opus: "-c:a libopus -b:a 128k",
} as const;

/** Tempo and key as librosa's own documentation goes about it. */
const python = [
  "import sys, librosa, numpy",
  "y, sr = librosa.load(sys.argv[1])",
  "tempo, _ = librosa.beat.beat_track(y=y, sr=sr)",
  "chroma = librosa.feature.chroma_cqt(y=y, sr=sr).mean(axis=1)",
  "major = numpy.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])",
  "minor = numpy.array([6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])",
  "fit = [numpy.corrcoef(numpy.roll(p, k), chroma)[0, 1] for p in (major, minor) for k in range(12)]",
  "print(tempo, numpy.argmax(fit))",
].join("\n");

/** What people write: each output, the loudness, a picture of the waveform, and tempo and key by a program run of its own. */
const script = (track: string, formats: ReadonlyArray<keyof typeof encoders>): string =>
  [
    ...formats.map((format) =>
      `ffmpeg -y -v error -i "${track}" ${encoders[format]} "${track}.out.${format}"`
    ),
    `ffmpeg -v info -nostats -i "${track}" -af loudnorm=I=-16:TP=-1:print_format=json -f null - 2>/dev/null`,
    `ffmpeg -y -v error -i "${track}" -filter_complex showwavespic=s=800x160 -frames:v 1 "${track}.png"`,
    `python3 -c '${python}' "${track}" >/dev/null 2>&1`,
  ].join(" && ");

const needLibrosa = Effect.sync(() => {
  try {
    execFileSync("python3", ["-c", "import librosa"], { stdio: "ignore" });
  } catch {
    throw new Error(
      "The script needs librosa: python3 -m pip install librosa, or a virtual environment with it on the PATH",
    );
  }
});

const prepared = Effect.gen(function* () {
  const directory = yield* mediaDirectory;
  return { directory, engine: yield* openEngine(directory) };
});

/** The same with a track of three minutes. */
const preparedTrack = Effect.gen(function* () {
  const { directory, engine } = yield* prepared;
  const track = join(directory, "track.flac");
  makeTrack(track, trackSeconds);
  return { track, ours: rate(trackSeconds, mediaJob(engine, track, [mp3, m4a, opus])) };
});

/** Three outputs and the full analysis of a track of three minutes, beside a script that does as much. */
export const MediaTrack: Measure = {
  name: "media-track",
  check: needLibrosa,
  title: "3 outputs and the analysis of a 3-minute track",
  baseline: "a script: `ffmpeg` for each output, `loudnorm`, `showwavespic`, tempo and key by librosa",
  unit: "× realtime",
  goal: { atLeast: 3 },
  mostRounds: 3,
  prepare: Effect.fnUntraced(function* () {
    const { track, ours } = yield* preparedTrack;
    return { ours, baseline: rate(trackSeconds, shell(script(track, ["mp3", "m4a", "opus"]))) };
  }),
};

/** The same beside one ffmpeg process that makes the outputs from one decode and measures nothing. */
export const MediaEncoding: Measure = {
  name: "media-encoding",
  title: "the same; 0.8 is 1.25 × the time",
  baseline: "one bare `ffmpeg`, the same outputs from one decode, nothing measured",
  unit: "× realtime",
  goal: { atLeast: 0.8 },
  mostRounds: 3,
  prepare: Effect.fnUntraced(function* () {
    const { track, ours } = yield* preparedTrack;
    const all = Object.entries(encoders).map(([format, options]) => `${options} "${track}.out.${format}"`);
    return {
      ours,
      baseline: rate(trackSeconds, shell(`ffmpeg -y -v error -i "${track}" ${all.join(" ")}`)),
    };
  }),
};

/** Forty clips of two to four seconds, two outputs and the analysis of each. */
export const MediaClips: Measure = {
  name: "media-clips",
  check: needLibrosa,
  title: "40 clips of 2 to 4 seconds, 2 outputs and the analysis of each",
  baseline: "the script, one clip after another",
  unit: "clips/s",
  goal: { atLeast: 3 },
  mostRounds: 3,
  prepare: Effect.fnUntraced(function* () {
    const { directory, engine } = yield* prepared;
    const tracks = Array.from({ length: clips }, (_, index) => {
      const track = join(directory, `clip-${index}.flac`);
      makeTrack(track, 2 + 2 * index / clips);
      return track;
    });
    const job = (track: string) => mediaJob(engine, track, [mp3, opus]);
    const whole = tracks.map((track) => script(track, ["mp3", "opus"])).join(" && ");
    return {
      ours: rate(clips, Effect.forEach(tracks, job, { concurrency: 2, discard: true })),
      baseline: rate(clips, shell(whole)),
    };
  }),
};

/** The most memory of a process that converts and analyses three hours of audio, beside three minutes. */
export const MediaMemory: Measure = {
  name: "media-memory",
  title: "memory (RSS) of the work on 3 hours of audio, at most",
  baseline: "the same on 3 minutes",
  unit: "MB",
  goal: { atMost: 1.2 },
  mostRounds: 1,
  needsWarmUp: false,
  prepare: Effect.fnUntraced(function* () {
    const directory = yield* mediaDirectory;
    const [short, long] = [join(directory, "short.mp3"), join(directory, "long.mp3")];
    makeTrack(short, trackSeconds);
    loopTrack(short, 60, long);
    const megabytes = (track: string) =>
      Effect.map(ownProgram("MediaProcess.ts", [directory, track]), Number);
    return { ours: megabytes(long), baseline: megabytes(short) };
  }),
};
