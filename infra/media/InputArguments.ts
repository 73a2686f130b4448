/** The containers that are read, by the names of ffmpeg's demuxers. None of them opens another file. */
const containers = [
  ["wav", "w64", "aiff", "au", "caf", "flac", "ogg", "mp3", "mov", "matroska", "asf"],
  ["aac", "ac3", "eac3", "amr", "ape", "mpc", "mpc8", "tta", "wv"],
].flat();

/** The decoders that are used. */
const decoders = [
  ["mp3float", "mp3", "mp2float", "mp2", "mp1float", "mp1", "aac", "vorbis", "opus", "libopus", "libvorbis"],
  ["flac", "alac", "wavpack", "tta", "ape", "mpc7", "mpc8", "ac3", "eac3", "amrnb", "amrwb"],
  ["libopencore_amrnb", "libopencore_amrwb", "wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice"],
  ["adpcm_ms", "adpcm_ima_wav", "gsm", "gsm_ms", "pcm_u8", "pcm_s8", "pcm_alaw", "pcm_mulaw", "pcm_s64le"],
  ["16", "24", "32"].flatMap((bits) => [`pcm_s${bits}le`, `pcm_s${bits}be`]),
  ["32", "64"].flatMap((bits) => [`pcm_f${bits}le`, `pcm_f${bits}be`]),
].flat();

/**
 * ffmpeg's options for an input that nobody vouches for: it is a file, in an audio container, its format told by its content
 * alone; no decoder but those of audio codecs ever runs, not even to look at a cover.
 */
export const inputArguments = (path: string): ReadonlyArray<string> =>
  [
    ["-protocol_whitelist", "file"],
    ["-format_whitelist", containers.join(",")],
    ["-codec_whitelist", decoders.join(",")],
    // ffmpeg's defaults, held here so that they stay bounds: 5 MB and 5 s to find out what the streams are.
    ["-probesize", "5000000", "-analyzeduration", "5000000", "-max_streams", "64"],
    ["-i", `file:${path}`],
  ].flat();

/** The same, decoded to a second more than is allowed: whoever counts what comes sees that it is too long. */
export const boundedInput = (path: string, maxSeconds: number): ReadonlyArray<string> => [
  ...["-threads", "2", "-t", `${maxSeconds + 1}`],
  ...inputArguments(path),
];

/** Codecs of covers, films and subtitles that may lie beside the audio. */
const bystanders = {
  v: [
    ["mjpeg", "png", "bmp", "gif", "webp", "tiff", "h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "mpeg4"],
    [
      "mpeg1video",
      "mpeg2video",
      "msmpeg4",
      "msmpeg4v2",
      "wmv1",
      "wmv2",
      "wmv3",
      "vc1",
      "h263",
      "theora",
      "libvpx",
    ],
  ].flat(),
  s: ["mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "dvdsub", "pgssub"],
};

/**
 * An input for ffprobe, which gives up unless it can open a decoder for every stream. Those of the other streams are allowed
 * for this alone: the list of the container, which rules over the decoding of samples, holds no codec but audio.
 */
export const probeArguments = (path: string): ReadonlyArray<string> =>
  [
    inputArguments(path),
    ["-codec_whitelist:v", bystanders.v.join(",")],
    ["-codec_whitelist:s", bystanders.s.join(",")],
  ].flat();
