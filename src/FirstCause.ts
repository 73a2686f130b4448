/** What the first cause of an error says: those above it only tell where it was met. */
export const firstCause = (error: Error): string =>
  error.cause instanceof Error
    ? firstCause(error.cause)
    : typeof error.cause === "string"
    ? error.cause
    : error.message;
