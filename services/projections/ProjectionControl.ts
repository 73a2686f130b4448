import { Clock, Context, Effect, Layer, Schema } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { EventStore, type EventStoreError, isReadable } from "../EventStore.ts";
import { type OperationError, operationError, outage } from "../OperationError.ts";
import { detailOf } from "./Follow.ts";
import { ParkedEvent, ParkedEvents, type ParkedFilter } from "./ParkedEvents.ts";
import type { Projection, ViewRow } from "./Projection.ts";
import { eachProjection, projectionNames, withProjection } from "./Projections.ts";
import { ProjectionStore, type ProjectionStoreError, SlotState } from "./ProjectionStore.ts";
import { Shadows, Verification } from "./Shadows.ts";

/** How a projection is: its live view, and what is built beside it. */
export const ProjectionStatus = Schema.Struct({
  name: Schema.String,
  version: Schema.Int,
  /** `missing` before its runner has first started. */
  status: Schema.Literals(["live", "catching up", "paused", "failing", "missing"]),
  position: Position,
  /** The end of the log. */
  head: Position,
  lagEvents: Schema.Int,
  /** How long the oldest event that is not applied has waited; 0 when there is none. */
  lagSeconds: Schema.Finite,
  eventsPerSecond: Schema.Finite,
  error: Schema.NullOr(Schema.String),
  parked: Schema.Int,
  rebuild: Schema.NullOr(SlotState),
  verify: Schema.NullOr(SlotState),
  /** What the last verification found. */
  verification: Schema.NullOr(Verification),
});
export type ProjectionStatus = typeof ProjectionStatus.Type;

/** The most parked events that one retry looks at. */
const mostAtOnce = 10_000;

/** What became of parked events that were tried again. */
export const Retried = Schema.Struct({
  applied: Schema.Int,
  /** Those that failed again; the ones behind them wait on. */
  failed: Schema.Array(ParkedEvent),
});
export type Retried = typeof Retried.Type;

/** What operators do with projections: in this process, or over HTTP with one that runs. */
export class ProjectionControl extends Context.Service<ProjectionControl, {
  readonly list: Effect.Effect<ReadonlyArray<ProjectionStatus>, OperationError>;
  readonly status: (name: string) => Effect.Effect<ProjectionStatus, OperationError>;
  /** Begins to build a view anew beside the live one, or to verify the live one; a projector carries it out. */
  readonly build: (name: string, slot: "rebuild" | "verify") => Effect.Effect<void, OperationError>;
  readonly pause: (name: string, paused: boolean) => Effect.Effect<void, OperationError>;
  readonly parked: (
    filter: ParkedFilter & { readonly projection: string | null },
  ) => Effect.Effect<ReadonlyArray<ParkedEvent>, OperationError>;
  /** Tries the parked events of a projection again, or those of the stream of one of them, each stream in order. */
  readonly retry: (name: string, position: Position | null) => Effect.Effect<Retried, OperationError>;
  /** Gives up on a parked event; those behind it can then be tried again. */
  readonly skip: (name: string, position: Position) => Effect.Effect<void, OperationError>;
}>()("tapedeck/services/projections/ProjectionControl") {
  static readonly layer = Layer.effect(
    ProjectionControl,
    Effect.gen(function* () {
      const log = yield* EventStore;
      const store = yield* ProjectionStore;
      const shadows = yield* Shadows;
      const parked = yield* ParkedEvents;

      const named = <A>(
        name: string,
        visit: <Row extends ViewRow>(projection: Projection<Row>) => Effect.Effect<A, Failure>,
      ): Effect.Effect<A, OperationError> =>
        withProjection(name, (projection) => told(visit(projection))) ??
          operationError(
            "NOT_FOUND",
            `There is no projection ${name}; there are ${projectionNames.join(", ")}`,
            "",
          );

      const statusOf = Effect.fnUntraced(function* <Row extends ViewRow>(projection: Projection<Row>) {
        const slots = yield* store.slots(projection);
        const head = yield* log.head;
        const now = yield* Clock.currentTimeMillis;
        const [live, rebuild, verify] = (["live", "rebuild", "verify"] as const).map((slot) =>
          slots.find((state) => state.slot === slot) ?? null
        );
        const position = live?.position ?? Position.make(0);
        const lagEvents = Math.max(head - position, 0);
        const isFresh = live && now - live.updatedAt.getTime() < 5_000;
        const status: ProjectionStatus = {
          name: projection.name,
          version: projection.version,
          status: !live
            ? "missing"
            : live.paused
            ? "paused"
            : live.error !== null
            ? "failing"
            : lagEvents > 0
            ? "catching up"
            : "live",
          position,
          head,
          lagEvents,
          lagSeconds: lagEvents > 0 && live?.nextRecordedAt
            ? Math.max(now - live.nextRecordedAt.getTime(), 0) / 1_000
            : 0,
          eventsPerSecond: isFresh ? live.eventsPerSecond : 0,
          error: live?.error ?? null,
          parked: live?.parked ?? 0,
          rebuild: rebuild ?? null,
          verify: verify ?? null,
          verification: yield* shadows.verification(projection),
        };
        return status;
      });

      /** Answers what the event failed with again, `null` if it was applied. */
      const applyAgain = Effect.fnUntraced(
        function* <Row extends ViewRow>(projection: Projection<Row>, { position }: ParkedEvent) {
          const { events: [event] } = yield* log.scan(Position.make(position - 1), 1, projection.types);
          // The projection, in its version of today, does not look at it.
          if (event === undefined) return yield* Effect.as(parked.skip(projection, position), null);
          if (!isReadable(event)) return event.unreadable.message;
          return yield* parked.apply(projection, event).pipe(
            Effect.as(null),
            Effect.catchIf(({ reason }) => reason === "Poison", (error) => Effect.succeed(detailOf(error))),
          );
        },
      );

      const retryStream = Effect.fnUntraced(
        function* <Row extends ViewRow>(projection: Projection<Row>, streamId: string) {
          // One by one: meanwhile the live view may park more events behind them.
          for (let applied = 0;; applied++) {
            const [entry] = yield* parked.list([projection], { streamId, after: Position.make(0), limit: 1 });
            if (entry === undefined) return { applied, failed: [] };
            const error = yield* applyAgain(projection, entry);
            if (error !== null) {
              yield* parked.failedAgain(projection, entry.position, error);
              return { applied, failed: [{ ...entry, error, attempts: entry.attempts + 1 }] };
            }
          }
        },
      );

      const retry = Effect.fnUntraced(
        function* <Row extends ViewRow>(projection: Projection<Row>, position: Position | null) {
          const all = yield* parked.list([projection], {
            streamId: null,
            after: Position.make(Math.max((position ?? 0) - 1, 0)),
            limit: position === null ? mostAtOnce : 1,
          });
          if (position !== null && all[0]?.position !== position) {
            return yield* notParked(projection.name, position);
          }
          const streams = [...new Set(all.map(({ streamId }) => streamId))];
          const results = yield* Effect.forEach(streams, (streamId) => retryStream(projection, streamId));
          return {
            applied: results.reduce((sum, { applied }) => sum + applied, 0),
            failed: results.flatMap(({ failed }) => failed),
          };
        },
      );

      return ProjectionControl.of({
        list: told(Effect.all(eachProjection(statusOf))),
        status: (name) => named(name, statusOf),
        build: (name, slot) => named(name, (projection) => shadows.begin(projection, slot)),
        pause: (name, paused) => named(name, (projection) => store.pause(projection, paused)),
        parked: ({ projection, ...filter }) => {
          const names = eachProjection(({ name, version }) => ({ name, version }));
          return told(parked.list(names.filter(({ name }) => (projection ?? name) === name), filter));
        },
        retry: (name, position) => named(name, (projection) => retry(projection, position)),
        skip: (name, position) =>
          named(name, (projection) =>
            Effect.flatMap(
              parked.skip(projection, position),
              (wasThere) => wasThere ? Effect.void : notParked(name, position),
            )),
      });
    }),
  );
}

type Failure = OperationError | ProjectionStoreError | EventStoreError;

const told = <A>(action: Effect.Effect<A, Failure>): Effect.Effect<A, OperationError> =>
  Effect.catchTags(action, {
    ProjectionStoreError: outage("The views are out of reach"),
    EventStoreError: outage("The event store is out of reach"),
  });

const notParked = (name: string, position: Position) =>
  operationError("NOT_FOUND", `Projection ${name} has no parked event at position ${position}`, "");
