// Whether the peaks of the FLAC files in a folder are those of BBC audiowaveform, and how fast: deno run -A bench/accuracy/peaks.ts CLIPS
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { encodeDat } from "../../domain/signal/WaveformFormat.ts";
import { WaveformMeter } from "../../domain/signal/WaveformPeaks.ts";
import { keepPixels } from "../../tests/domain/signal/Pixels.ts";
import { decodeSource, type Source } from "./DecodeSource.ts";
import { processorTime } from "./ProcessorTime.ts";

/** As many frames as a measuring thread is given at once. */
const FRAMES = 131_072;

const measure = ({ sampleRate, channels, samples }: Source) => {
  const pixels = keepPixels(channels);
  const { result: size, processorSeconds } = processorTime(() => {
    const meter = new WaveformMeter(sampleRate, channels, pixels);
    for (let from = 0; from < samples.length; from += FRAMES * channels) {
      const chunk = samples.subarray(from, from + FRAMES * channels);
      meter.push(chunk, chunk.length / channels);
    }
    return meter.finish();
  });
  const { mix, apart } = pixels.take(size);
  return { mix: encodeDat(mix, 16), split: encodeDat(channels === 1 ? mix : apart, 16), processorSeconds };
};

const [clips] = process.argv.slice(2);
if (clips === undefined) {
  console.error("usage: peaks.ts CLIPS");
  process.exit(2);
}
const directory = mkdtempSync(join(tmpdir(), "tapedeck-peaks-"));
const hasAudiowaveform = spawnSync("audiowaveform", ["--version"]).status === 0;
if (!hasAudiowaveform) console.log("audiowaveform is not on the PATH: the peaks are not compared");

/** The peaks by audiowaveform. */
const audiowaveform = (path: string, options: ReadonlyArray<string>): Uint8Array => {
  const output = join(directory, "peaks.dat");
  const { status, stderr } = spawnSync("audiowaveform", [
    ...["--quiet", "-i", path, "-o", output, "-z", "256", "-b", "16"],
    ...options,
  ], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return readFileSync(output);
};

const same = (one: Uint8Array, other: Uint8Array) =>
  one.length === other.length && one.every((byte, i) => byte === other[i]);

const names = readdirSync(clips).filter((name) => name.endsWith(".flac"));
const totals = new Map<number, { clips: number; seconds: number; processorSeconds: number }>();
const different: Array<string> = [];
for (const name of names) {
  const path = join(clips, name), source = decodeSource(path);
  const { mix, split, processorSeconds } = measure(source);
  const total = totals.get(source.channels) ?? { clips: 0, seconds: 0, processorSeconds: 0 };
  totals.set(source.channels, {
    clips: total.clips + 1,
    seconds: total.seconds + source.samples.length / source.channels / source.sampleRate,
    processorSeconds: total.processorSeconds + processorSeconds,
  });
  if (!hasAudiowaveform) continue;
  const isSame = same(mix, audiowaveform(path, [])) && same(split, audiowaveform(path, ["--split-channels"]));
  if (!isSame) different.push(name);
}
rmSync(directory, { recursive: true });
different.forEach((name) => console.log(`${name} is different`));
if (hasAudiowaveform) {
  console.log(`${names.length - different.length} of ${names.length} clips are the same bytes`);
}
for (const [channels, { clips, seconds, processorSeconds }] of totals) {
  const rate = Math.round(seconds / processorSeconds);
  console.log(
    `${clips} clips of ${channels} channels: ${rate} × real time, mixed and with the channels apart`,
  );
}
