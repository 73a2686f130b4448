import { Predicate } from "effect";
import type { Upcaster } from "../event/Upcaster.ts";
import { unknownEncoder } from "./Conversion.ts";

/** Version 2 names the encoder. Nobody noted it before, and what is on the machine today may not be what was there then. */
const nameEncoder: Upcaster = (data) => ({ ...data, encoder: unknownEncoder });

/** Version 3 says which outputs failed: before, one that did failed the conversion. And none was asked to be of a loudness. */
const noneFailed: Upcaster = (data) => ({
  ...data,
  ...(Array.isArray(data["outputs"]) && {
    outputs: data["outputs"].map((output: unknown) =>
      Predicate.isObject(output) ? { ...output, loudness: null } : output
    ),
  }),
  failed: [],
});

/** What leads from each version of an event of conversions to the next. */
export const conversionUpcasters = { ConversionCompleted: [nameEncoder, noneFailed] } as const;
