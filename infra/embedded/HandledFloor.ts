import { Position } from "../../domain/event/RecordedEvent.ts";

/**
 * Tracks which positions have been handled when they finish out of order. `floor` is the last position up to which nothing is
 * open any more.
 */
export class HandledFloor {
  #open = new Set<Position>();
  #seen: Position;

  constructor(start: Position) {
    this.#seen = start;
  }

  /** Takes note of a position; positions come in order. `open` ones hold the floor until they are closed. */
  see(position: Position, open: boolean): void {
    this.#seen = position;
    if (open) this.#open.add(position);
  }

  /** An open position has been handled. */
  close(position: Position): void {
    this.#open.delete(position);
  }

  /** The last position up to which everything has been handled. */
  get floor(): Position {
    // A set iterates in the order of insertion, which is the order of the log.
    for (const oldest of this.#open) return Position.make(oldest - 1);
    return this.#seen;
  }
}
