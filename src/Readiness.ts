import { Context, type Effect } from "effect";

/** A part of this process, and how to see whether it can do its work. */
export interface ReadinessPart {
  readonly name: string;
  readonly check: Effect.Effect<unknown, unknown>;
  /** What is said when it cannot. */
  readonly complaint: string;
  /** Whether the process is of no use without it; other parts are shown all the same. */
  readonly isEssential: boolean;
}

/** The parts of this process, by its roles. */
export class Readiness
  extends Context.Service<Readiness, ReadonlyArray<ReadinessPart>>()("tapedeck/Readiness") {}
