import { analysisUpcasters } from "../analysis/AnalysisUpcasters.ts";
import { conversionUpcasters } from "../conversion/ConversionUpcasters.ts";
import type { EventType } from "./DomainEvent.ts";
import type { StoredData, Upcaster } from "./Upcaster.ts";

/** For each type that has changed, what leads from version 1 to 2, from 2 to 3, and so on. */
const upcasters: { readonly [Type in EventType]?: ReadonlyArray<Upcaster> } = {
  ...analysisUpcasters,
  ...conversionUpcasters,
};

/** The version in which events of a type are written today; those of every version from 1 can be read. */
export const currentVersion = (type: EventType): number => 1 + (upcasters[type]?.length ?? 0);

/** The stored fields of an older version, from 1, as today's version has them. */
export const lift = (type: EventType, version: number, data: StoredData): StoredData =>
  (upcasters[type] ?? []).slice(version - 1).reduce((lifted, upcast) => upcast(lifted), data);
