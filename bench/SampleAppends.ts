import { toStored } from "../domain/event/StoredEvent.ts";
import type { Append } from "../services/EventStore.ts";
import { appendOf, newId, receivedBy } from "../tests/support/Fixtures.ts";
import { tenant } from "./SampleLog.ts";

/** The JSON of one event of these appends. */
export const receivedJson = JSON.stringify(toStored(receivedBy(tenant)).data);

/** A command's fingerprint is a SHA-256 in hexadecimal. */
const fingerprint = "0".repeat(64);

/** An append of `size` events to a stream. */
export const appendTo = (streamId: string, expectedVersion: number, size: number): Append =>
  appendOf(tenant, streamId, expectedVersion, Array.from({ length: size }, () => receivedBy(tenant)), {
    fingerprint,
  });

/** Appends of `size` events each to streams that do not exist. */
export const appendsToNewStreams = (count: number, size: number): ReadonlyArray<Append> =>
  Array.from({ length: count }, () => appendTo(`${tenant}/${newId("upl")}`, 0, size));
