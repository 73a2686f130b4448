import { PgClient } from "@effect/sql-pg";
import { assert, type Vitest } from "@effect/vitest";
import { Effect, type Scope } from "effect";
import { randomBytes } from "node:crypto";
import type { DomainEvent } from "../../domain/event/DomainEvent.ts";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { TenantId } from "../../domain/Id.ts";
import { tableOf, toRow } from "../../infra/postgres/ViewTable.ts";
import { ParkedEvents } from "../../services/projections/ParkedEvents.ts";
import type { Projection } from "../../services/projections/Projection.ts";
import {
  ProjectionStore,
  type ProjectionStoreError,
  type Slot,
  type SlotState,
} from "../../services/projections/ProjectionStore.ts";
import { Shadows } from "../../services/projections/Shadows.ts";
import { newTenant, recorded } from "./Fixtures.ts";
import { batchOf } from "./LiveViews.ts";
import { type Tally, tallyIn } from "./Tally.ts";

/** A small view of its own for a test, and everything that keeps views. */
export interface GivenTally {
  readonly store: ProjectionStore["Service"];
  readonly shadows: Shadows["Service"];
  readonly parked: ParkedEvents["Service"];
  readonly sql: PgClient.PgClient;
  readonly tally: Projection<Tally>;
  readonly tenantId: TenantId;
  /** Events at the positions 1, 2, 3 …, in streams of their uploads. */
  readonly logOf: (...events: ReadonlyArray<DomainEvent>) => ReadonlyArray<RecordedEvent>;
  /** Applies what a log holds after a position up to another to a slot. */
  readonly apply: (
    slot: Slot,
    log: ReadonlyArray<RecordedEvent>,
    from: number,
    to?: number,
  ) => Effect.Effect<boolean, ProjectionStoreError>;
  readonly rowsIn: (slot: Slot) => Effect.Effect<ReadonlyArray<Tally>, unknown>;
  /** The states of the slots that there are, by slot. */
  readonly states: Effect.Effect<{ readonly [S in Slot]?: SlotState }, ProjectionStoreError>;
}

/** Everything that keeps views. */
export type ViewKeepers = ProjectionStore | Shadows | ParkedEvents | PgClient.PgClient;

/** Makes tests that each have a view of their own. */
export const tallyTests =
  (it: Vitest.MethodsNonLive<ViewKeepers>) =>
  (sentence: string, body: (given: GivenTally) => Effect.fn.Return<void, unknown, Scope.Scope>): void =>
    it.effect(sentence, () =>
      Effect.gen(function* () {
        const store = yield* ProjectionStore;
        const [shadows, parked, sql] = [yield* Shadows, yield* ParkedEvents, yield* PgClient.PgClient];
        const name = `tally_${randomBytes(6).toString("hex")}`;
        const tally = tallyIn(name);
        const tenantId = newTenant();
        yield* Effect.addFinalizer(() =>
          Effect.orDie(Effect.gen(function* () {
            yield* sql`DELETE FROM projections WHERE name = ${name}`;
            yield* sql`DELETE FROM parked_events WHERE projection = ${name}`;
            const [one, two] = [`view_${name}_v1`, `view_${name}_v2`];
            yield* sql.unsafe(`DROP TABLE IF EXISTS ${one}, ${one}_rebuild, ${one}_verify, ${two}`);
          }))
        );
        yield* store.prepare({ projection: tally, slot: "live" });
        const given: GivenTally = {
          store,
          shadows,
          parked,
          sql,
          tally,
          tenantId,
          logOf: (...events) =>
            recorded(tenantId, events).map((recorded) => ({
              ...recorded,
              streamId: "uploadId" in recorded.event ? recorded.event.uploadId : assert.fail(),
            })),
          apply: (slot, log, from, to = log.length) =>
            store.apply(
              { projection: tally, slot },
              Position.make(from),
              batchOf(tally, Position.make(from), log.slice(from, to)),
              0,
            ),
          rowsIn: (slot) =>
            Effect.map(
              sql.unsafe(
                `SELECT to_jsonb(view) AS row FROM ${tableOf({ projection: tally, slot })} view ORDER BY id`,
              ),
              (rows) => rows.map(toRow(tally)),
            ),
          states: Effect.map(
            store.slots(tally),
            (states) => Object.fromEntries(states.map((state) => [state.slot, state])),
          ),
        };
        yield* Effect.gen(() => body(given));
      }));

/** Gives the log of the database another epoch, as a restore does. */
export const restored = (sql: PgClient.PgClient) => sql`UPDATE log_head SET epoch = gen_random_uuid()`;
