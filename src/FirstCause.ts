/** What the first cause of an error says: those above it only tell where it was met. Of several errors at once, the first. */
export const firstCause = (error: Error): string => {
  const below: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  const said = below instanceof Error ? firstCause(below) : typeof below === "string" ? below : "";
  return said || error.message || error.name;
};
