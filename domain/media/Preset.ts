import { Schema } from "effect";
import { OutputFormat, traits } from "./OutputFormat.ts";
import { OutputRequest } from "./OutputSpec.ts";

/** The names of settings that go together. */
export const Preset = Schema.Literals(
  ["podcast", "voice", "music-streaming", "broadcast", "archive", "ringtone", "phone"],
);
export type Preset = typeof Preset.Type;

/** One output as a client asks for it, where a preset may say the rest. */
export const OutputWish = Schema.Struct({
  ...OutputRequest.fields,
  format: Schema.optionalKey(OutputFormat),
});
export type OutputWish = typeof OutputWish.Type;

/** What a preset stands for; where its format is not available, the other output takes its place. */
interface Settings {
  readonly description: string;
  readonly output: OutputRequest;
  readonly otherwise?: OutputRequest;
}

/** What each preset stands for. */
export const presets: Readonly<Record<Preset, Settings>> = {
  podcast: {
    description: "Speech for podcast players: mono MP3 at −16 LUFS, peaks limited to −1 dBTP",
    output: { format: "mp3", bitrateKbps: 96, channels: 1, loudness: { targetLufs: -16, mode: "limit" } },
  },
  voice: {
    description: "Speech in little space: mono Opus at 24 kHz and 32 kbit/s, −18 LUFS",
    output: {
      format: "opus",
      bitrateKbps: 32,
      sampleRate: 24_000,
      channels: 1,
      loudness: { targetLufs: -18, mode: "limit" },
    },
  },
  "music-streaming": {
    description: "Music for streaming: AAC at 256 kbit/s, −14 LUFS where the peaks allow it",
    output: { format: "m4a", bitrateKbps: 256, loudness: { targetLufs: -14 } },
  },
  broadcast: {
    description: "For broadcasters, by EBU R 128: WAV of 24 bits at 48 kHz, −23 LUFS, at most −1 dBTP",
    output: { format: "wav", bitDepth: 24, sampleRate: 48_000, loudness: { targetLufs: -23 } },
  },
  archive: { description: "Without loss, and as it is: FLAC", output: { format: "flac" } },
  ringtone: {
    description: "The first 30 seconds, faded in and out: AAC",
    output: {
      format: "m4a",
      trim: { startSeconds: 0, endSeconds: 30 },
      fade: { inSeconds: 0.5, outSeconds: 2 },
    },
  },
  phone: {
    description: "For telephony: AMR, or WAV where that cannot be written, in mono at 8 kHz",
    output: { format: "amr", sampleRate: 8_000, channels: 1 },
    otherwise: { format: "wav", bitDepth: 16, sampleRate: 8_000, channels: 1 },
  },
};

/** The output that a preset stands for, given which formats are available. */
export const outputOf = (preset: Preset, isAvailable: (format: OutputFormat) => boolean): OutputRequest => {
  const { output, otherwise } = presets[preset];
  return otherwise && !isAvailable(output.format) ? otherwise : output;
};

/** A preset's output with what a wish wants different; what would be at odds with that is left out. */
export const adapt = (output: OutputRequest, wish: OutputWish): OutputRequest => {
  const { bitrateKbps, quality, bitDepth, sampleRate, channels, loudness, ...rest } = output;
  const { format = output.format } = wish;
  const isSame = format === output.format;
  const { sampleRates, maxChannels } = traits[format];
  return {
    ...rest,
    ...(isSame && bitrateKbps !== undefined && wish.quality === undefined && { bitrateKbps }),
    ...(isSame && quality !== undefined && wish.bitrateKbps === undefined && { quality }),
    ...(isSame && bitDepth !== undefined && { bitDepth }),
    ...(sampleRate !== undefined && (sampleRates?.includes(sampleRate) ?? true) && { sampleRate }),
    ...(channels !== undefined && channels <= maxChannels && { channels }),
    ...(loudness && wish.gainDb === undefined && { loudness }),
    ...wish,
    format,
  };
};
