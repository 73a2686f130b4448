import type { Levels } from "../../domain/media/Loudness.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import type { Sound, SoundLimits } from "./SoundFiles.ts";

/** What outputs are made of; `levels` are `null` where nobody has measured them yet, `albumLevels` where there is no album. */
export interface Material extends SoundLimits {
  readonly source: Sound;
  readonly isWide: boolean;
  /** What the source is decoded to, by ffmpeg's name of the sample format. */
  readonly sampleFormat: string | null;
  readonly levels: Levels | null;
  readonly albumLevels: Levels | null;
}

/** Whether the gain of an output is that of its album: then nothing is measured before. */
export const isOfAlbum = ({ albumLevels }: Material, { loudness }: Encoding): boolean =>
  albumLevels !== null && loudness?.album !== undefined;
