import type { Upcaster } from "../event/Upcaster.ts";
import { unknownEncoder } from "./Conversion.ts";

/** Version 2 names the encoder. Nobody noted it before, and what is on the machine today may not be what was there then. */
const nameEncoder: Upcaster = (data) => ({ ...data, encoder: unknownEncoder });

/** What leads from each version of an event of conversions to the next. */
export const conversionUpcasters = { ConversionCompleted: [nameEncoder] } as const;
