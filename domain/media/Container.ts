import { traits } from "./OutputFormat.ts";

const mediaTypes: Readonly<Record<string, string>> = {
  mp3: traits.mp3.mediaType,
  mp4: traits.m4a.mediaType,
  ogg: "audio/ogg",
  flac: traits.flac.mediaType,
  wav: traits.wav.mediaType,
  w64: "audio/x-w64",
  aiff: traits.aiff.mediaType,
  matroska: "audio/x-matroska",
  webm: "audio/webm",
  aac: "audio/aac",
  amr: "audio/amr",
  ac3: "audio/ac3",
  asf: "audio/x-ms-wma",
  caf: "audio/x-caf",
};

/** The media type to serve a probed container with; what is unknown or not probed yet is plain bytes. */
export const mediaTypeOf = (container: string | null): string =>
  (container === null ? undefined : mediaTypes[container]) ?? "application/octet-stream";
