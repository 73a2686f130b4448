import { execFileSync } from "node:child_process";
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";

/** Interleaved samples, full scale ±1. */
export interface Sound {
  readonly sampleRate: number;
  readonly channels: number;
  readonly samples: Float32Array;
}

/** A sine of one frequency on every channel; 1 s of 440 Hz in stereo at 44.1 kHz and half of full scale unless told. */
export const sine = (
  { frequency = 440, seconds = 1, sampleRate = 44_100, channels = 2, amplitude = 0.5 } = {},
): Sound => ({
  sampleRate,
  channels,
  samples: Float32Array.from(
    { length: Math.round(seconds * sampleRate) * channels },
    (_, i) => amplitude * Math.sin(2 * Math.PI * frequency * Math.floor(i / channels) / sampleRate),
  ),
});

/** Digital silence. */
export const silence = ({ seconds = 1, sampleRate = 44_100, channels = 2 } = {}): Sound => ({
  sampleRate,
  channels,
  samples: new Float32Array(Math.round(seconds * sampleRate) * channels),
});

/** Chords of A minor (i, iv, V, i), each as the frequencies of its notes. */
const cadence = [[110, 220, 261.63, 329.63], [146.83, 220, 293.66, 349.23], [82.41, 207.65, 246.94, 329.63], [
  110,
  220,
  261.63,
  329.63,
]];

/** Music in A minor at 120 beats a minute: a chord is struck on each beat, in one channel after another, and changes every second. */
export const music = ({ seconds = 12, sampleRate = 44_100, channels = 2 } = {}): Sound => {
  const samples = new Float32Array(Math.round(seconds * sampleRate) * channels);
  for (let frame = 0; frame < samples.length / channels; frame++) {
    const time = frame / sampleRate, beat = Math.floor(2 * time);
    const envelope = Math.exp(-5 * (time % 0.5));
    for (const note of cadence[(beat >> 1) % cadence.length] ?? []) {
      for (const harmonic of [1, 2, 3, 4]) {
        const at = frame * channels + beat % channels;
        const value = 0.08 * envelope / harmonic * Math.sin(2 * Math.PI * note * harmonic * time);
        samples[at] = (samples[at] ?? 0) + value;
      }
    }
  }
  return { sampleRate, channels, samples };
};

const formats = {
  s16: { tag: 1, bytes: 2 },
  s24: { tag: 1, bytes: 3 },
  f32: { tag: 3, bytes: 4 },
};

/** A WAV file. What its header claims can differ from what it holds. */
export const wav = (
  { sampleRate, channels, samples }: Sound,
  format: keyof typeof formats = "s16",
  claims: { readonly sampleRate?: number; readonly channels?: number } = {},
): Buffer => {
  const { tag, bytes } = formats[format];
  const claimedRate = claims.sampleRate ?? sampleRate, claimedChannels = claims.channels ?? channels;
  const file = Buffer.alloc(44 + samples.length * bytes);
  file.write("RIFF", 0);
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(tag, 20);
  file.writeUInt16LE(claimedChannels, 22);
  file.writeUInt32LE(claimedRate, 24);
  file.writeUInt32LE(claimedRate * claimedChannels * bytes, 28);
  file.writeUInt16LE(claimedChannels * bytes, 32);
  file.writeUInt16LE(8 * bytes, 34);
  file.write("data", 36);
  file.writeUInt32LE(samples.length * bytes, 40);
  samples.forEach((sample, i) => {
    const at = 44 + i * bytes;
    if (format === "f32") file.writeFloatLE(sample, at);
    else {
      const scale = 2 ** (8 * bytes - 1);
      file.writeIntLE(Math.max(-scale, Math.min(scale - 1, Math.round(sample * scale))), at, bytes);
    }
  });
  return file;
};

/** Runs ffmpeg and returns what it wrote to its standard output. */
export const ffmpeg = (...args: ReadonlyArray<string>): Buffer =>
  execFileSync("ffmpeg", ["-hide_banner", "-loglevel", "error", "-nostdin", "-y", ...args], {
    maxBuffer: 256 * 1024 ** 2,
    stdio: ["ignore", "pipe", "inherit"],
  });

/** Writes a sound to `path` in another format, by ffmpeg's arguments for that. */
export const encode = (path: string, sound: Sound, ...args: ReadonlyArray<string>): void => {
  writeFileSync(`${path}.wav`, wav(sound));
  ffmpeg("-i", `${path}.wav`, ...args, path);
};

/** The audio samples of a file as ffmpeg decodes them, in its own rate and channels. */
export const decode = (path: string): Float32Array => {
  const bytes = ffmpeg("-i", path, "-map", "0:a:0", "-f", "f32le", "pipe:1");
  return new Float32Array(new Uint8Array(bytes).buffer);
};

/** A FLAC file of silence in stereo at 44.1 kHz, about 1.1 MB for 24 hours. The header may declare another length, or none. */
export const silentFlac = (seconds: number, declaredSeconds: number | null = seconds): Buffer => {
  const blockSize = 65_535, rate = 44_100n;
  const info = Buffer.alloc(42);
  info.write("fLaC", 0);
  info.writeUInt32BE(0x80000022, 4);
  info.writeUInt16BE(blockSize, 8);
  info.writeUInt16BE(blockSize, 10);
  const declared = BigInt(Math.round((declaredSeconds ?? 0) * 44_100));
  info.writeBigUInt64BE(rate << 44n | 1n << 41n | 15n << 36n | declared, 18);
  const frames = Array.from({ length: Math.ceil(seconds * 44_100 / blockSize) }, (_, number) => {
    const header = [0xff, 0xf8, 0x79, 0x18, ...utf8(number), (blockSize - 1) >> 8, (blockSize - 1) & 0xff];
    const frame = [...header, crc(header, 8, 0x07), 0, 0, 0, 0, 0, 0];
    const check = crc(frame, 16, 0x8005);
    return Buffer.from([...frame, check >> 8, check & 0xff]);
  });
  return Buffer.concat([info, ...frames]);
};

/** FLAC numbers frames in UTF-8, with the numbers that Unicode leaves out. */
const utf8 = (number: number): ReadonlyArray<number> =>
  number < 0x80
    ? [number]
    : number < 0x800
    ? [0xc0 | number >> 6, 0x80 | number & 0x3f]
    : [0xe0 | number >> 12, 0x80 | number >> 6 & 0x3f, 0x80 | number & 0x3f];

const crc = (bytes: ReadonlyArray<number>, width: number, polynomial: number): number =>
  bytes.reduce((sum, byte) => {
    sum ^= byte << (width - 8);
    for (let bit = 0; bit < 8; bit++) {
      sum = (sum & 1 << (width - 1)) === 0 ? sum << 1 : sum << 1 ^ polynomial;
    }
    return sum & (1 << width) - 1;
  }, 0);

/** An AMR file of `seconds` in the lowest mode; ffmpeg has no encoder for it. */
export const amr = (seconds: number): Buffer => {
  const frame = Buffer.alloc(13);
  frame[0] = 0x04;
  return Buffer.concat([Buffer.from("#!AMR\n"), ...Array.from({ length: seconds * 50 }, () => frame)]);
};
