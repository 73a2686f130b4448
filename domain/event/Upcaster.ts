/** The fields of an event as they are stored: JSON. */
export type StoredData = Readonly<Record<string, unknown>>;

/**
 * Turns the stored fields of one version of an event type into those of the next. Total: it throws for no input, and passes
 * on what it does not know; whether the outcome is a valid event is found out by the schema.
 */
export type Upcaster = (data: StoredData) => StoredData;
