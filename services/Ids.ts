import { Clock, Effect } from "effect";
import * as Id from "../domain/Id.ts";

/** A new id: the present time and cryptographically random bits. */
export const nextId = <P extends Id.Prefix>(prefix: P): Effect.Effect<Id.IdOf<P>> =>
  Effect.map(
    Clock.currentTimeMillis,
    (millis) => Id.make(prefix, millis, crypto.getRandomValues(new Uint8Array(10))),
  );
