import { AnalysesProjection } from "./AnalysesProjection.ts";
import { ConversionsProjection } from "./ConversionsProjection.ts";
import { JobsProjection } from "./JobsProjection.ts";
import type { Projection, ViewRow } from "./Projection.ts";
import { StorageUsageProjection } from "./StorageUsageProjection.ts";
import { ThroughputProjection } from "./ThroughputProjection.ts";
import { UploadsProjection } from "./UploadsProjection.ts";

/** Calls a function with every projection, each at its own row type; answers the results in order. */
export const eachProjection = <A>(
  visit: <Row extends ViewRow>(projection: Projection<Row>) => A,
): ReadonlyArray<A> => [
  visit(UploadsProjection),
  visit(ConversionsProjection),
  visit(AnalysesProjection),
  visit(JobsProjection),
  visit(StorageUsageProjection),
  visit(ThroughputProjection),
];

/** The names of all projections. */
export const projectionNames: ReadonlyArray<string> = eachProjection(({ name }) => name);

/** Calls a function with the projection of a name; `undefined` if there is none. */
export const withProjection = <A>(
  name: string,
  visit: <Row extends ViewRow>(projection: Projection<Row>) => A,
): A | undefined => {
  const index = projectionNames.indexOf(name);
  const results = eachProjection((projection) =>
    projection.name === name ? { value: visit(projection) } : null
  );
  return results[index]?.value;
};
