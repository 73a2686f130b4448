import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import { isLossless, type OutputFormat } from "../../domain/media/OutputFormat.ts";
import { type Processing, secondsAfter } from "../../domain/media/Processing.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";

/** Filters of ffmpeg, in order. */
export type Filters = ReadonlyArray<string>;

/**
 * What makes the sound of an output from that of a source: everything that its loudness depends on, but for the gain that brings it
 * to a target.
 */
export const soundFilters = (
  encoding: Encoding,
  { sampleRate, channels, durationSeconds }: Pick<MediaFacts, "sampleRate" | "channels" | "durationSeconds">,
): Filters => {
  const { trim, channelSelect, denoise, fade, gainDb = 0 } = encoding.processing;
  const end = trim?.endSeconds === undefined ? "" : `:end=${decimal(trim.endSeconds)}`;
  const seconds = secondsAfter(encoding.processing, durationSeconds);
  return [
    ...(trim ? [`atrim=start=${decimal(trim.startSeconds)}${end}`, "asetpts=PTS-STARTPTS"] : []),
    ...(channelSelect === undefined ? [] : [`pan=mono|c0=c${channelSelect}`]),
    ...(denoise ? [`afftdn=nr=${denoise.reductionDb ?? 12}:nf=${denoise.noiseFloorDb ?? -50}`] : []),
    ...(isStretched(encoding.processing) ? stretchFilters(encoding, sampleRate, seconds) : []),
    ...layoutFilters(encoding, channelSelect === undefined ? channels : 1),
    ...(fade ? fadeFilters(fade, seconds) : []),
    ...(gainDb === 0 ? [] : [gainFilter(gainDb)]),
  ];
};

/**
 * What comes before all filters: samples are counted from the first, whatever the timestamps of the source say. Those of Matroska and WMA
 * are in milliseconds: encoders would begin a few samples late, and drop others. Frames are of one length: what some filters do depends on
 * where frames end, which depends on the codec.
 */
export const countingFilter = "asetpts=N,asetnsamples=n=4096:p=0";

/** Whether the time or the pitch of the sound is another than the source's. */
export const isStretched = ({ pitchSemitones = 0, speed = 1 }: Processing): boolean =>
  pitchSemitones !== 0 || speed !== 1;

/**
 * The pitch is shifted by playing at another rate; the duration that this takes or gives is made up for by atempo. That filter loses up
 * to a few windows at the end, of 85 ms at most: of silence, which is added before and cut off behind it, to the sample.
 */
const stretchFilters = (
  { sampleRate, processing: { pitchSemitones = 0, speed = 1 } }: Encoding,
  sourceRate: number,
  seconds: number,
): Filters => {
  const rate = Math.round(sourceRate * 2 ** (pitchSemitones / 12));
  const tempo = speed * sourceRate / rate;
  // Beyond a factor of 2 it cannot, or skips samples instead of blending them.
  const steps = tempo < 0.5 || tempo > 2 ? [Math.sqrt(tempo), Math.sqrt(tempo)] : [tempo];
  return [
    "apad=pad_dur=0.5",
    ...(rate === sourceRate ? [] : [`asetrate=${rate}`]),
    ...steps.map((step) => `atempo=${step.toFixed(9)}`),
    `aresample=${sampleRate}`,
    `atrim=end=${decimal(seconds)}`,
  ];
};

/** The fades share what there is where it is too short for both. */
const fadeFilters = (
  { inSeconds = 0, outSeconds = 0 }: NonNullable<Processing["fade"]>,
  seconds: number,
): Filters => {
  const share = Math.min(1, seconds / (inSeconds + outSeconds));
  const [rise, fall] = [inSeconds * share, outSeconds * share];
  return [
    ...(rise > 0 ? [`afade=t=in:st=0:d=${decimal(rise)}`] : []),
    ...(fall > 0 ? [`afade=t=out:st=${decimal(seconds - fall)}:d=${decimal(fall)}`] : []),
  ];
};

/** The mean of all channels, whatever they are: a downmix by layout knows only some of them. */
export const meanFilter = (channels: number): string =>
  `pan=mono|c0<${Array.from({ length: channels }, (_, channel) => `c${channel}`).join("+")}`;

/** Without an exponent, to the microsecond. */
const decimal = (value: number): string => value.toFixed(6);

/** Whether nothing is done to the sound but a mix. */
const isUntouched = ({ processing }: Encoding): boolean => Object.keys(processing).length === 0;

/** Whether an output sounds as its source does, but for its codec. */
export const isAlike = (encoding: Encoding, source: Pick<MediaFacts, "sampleRate" | "channels">): boolean =>
  encoding.sampleRate === source.sampleRate && encoding.channels === source.channels && isUntouched(encoding);

/** Outputs of a source with the same key sound the same. */
export const keyOf = (encoding: Encoding, source: MediaFacts): string =>
  [encoding.sampleRate, ...soundFilters(encoding, source)].join();

/** The gain, and what the format needs. */
export const finishingFilters = (encoding: Encoding, gainDb: number, isWide: boolean): Filters => [
  ...(gainDb === 0 ? [] : [gainFilter(gainDb)]),
  ...delayFilters(encoding),
  ...ditherFilters(
    encoding,
    isWide || encoding.loudness !== null || !isUntouched(encoding),
    bitDepthOf(encoding, isWide),
  ),
];

/** A gain, computed in 64 bits. */
export const gainFilter = (gainDb: number): string => `volume=${gainDb.toFixed(6)}dB:precision=double`;

/** As what a lossless format stores samples: what was asked for, else 24 bits where the source has more than 16, else 16. */
export const bitDepthOf = ({ bitDepth }: Encoding, isWide: boolean) => bitDepth ?? (isWide ? 24 : 16);

/**
 * The channel layouts that Ogg's codecs define, for 1 to 8 channels (RFC 7845, 5.1.1.2; Vorbis I, 4.3.9). The others hold them
 * too, AC-3 up to six.
 */
const layouts = ["mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"];

/** Those of Apple Lossless, by ffmpeg's names. */
const appleLayouts = ["mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1(back)", "7.1(wide)"];

const needLayouts: ReadonlyArray<OutputFormat> = ["opus", "ogg", "alac", "ac3"];

/**
 * Nothing where the source's channels can stay as they are. A mix (ITU-R BS.775: centre and surrounds at −3 dB) is scaled so that it
 * is never louder than full scale; left to itself, ffmpeg does that for integers only.
 */
export const layoutFilters = ({ format, channels }: Encoding, sourceChannels: number): Filters => {
  if (channels === sourceChannels && !needLayouts.includes(format)) return [];
  const layout = (format === "alac" ? appleLayouts : layouts)[channels - 1];
  return [
    layout === undefined
      ? `aformat=channel_layouts=${channels}c`
      : `aresample=ochl=${layout}:rematrix_maxval=1`,
  ];
};

/** Decoders skip the first frame of WMA, which other encoders begin with; ffmpeg's begins with the sound itself. */
const delayFilters = ({ format, sampleRate }: Encoding): Filters => {
  const frame = sampleRate <= 16_000 ? 512 : sampleRate <= 22_050 ? 1_024 : 2_048;
  return format === "wma" ? [`aresample=${sampleRate}`, `adelay=delays=${frame}S:all=1`] : [];
};

/** Fewer bits than the sound has would be cut off, which is heard in fades; noise of one bit hides that. */
const ditherFilters = ({ format, sampleRate }: Encoding, isFine: boolean, bitDepth: unknown): Filters =>
  isFine && bitDepth === 16 && isLossless(format)
    ? [`aresample=${sampleRate}:osf=${format === "alac" ? "s16p" : "s16"}:dither_method=triangular`]
    : [];
