import { musicRate } from "../../domain/signal/MusicRate.ts";
import { decodeFloats } from "./DecodeFloats.ts";

/** An audio file as ffmpeg decodes it to one channel at `musicRate`. Throws when ffmpeg fails. */
export const decodeClip = (path: string): Float32Array =>
  decodeFloats(path, "-ac", "1", "-ar", `${musicRate}`);
