import type { Colour } from "./Colour.ts";

/** A picture of at most 256 colours. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly palette: ReadonlyArray<Colour>;
  /** For each pixel its place in the palette, row after row from the top. */
  readonly pixels: Uint8Array<ArrayBuffer>;
}
