import type { Msg } from "@nats-io/transport-node";
import type { Position, RecordedEvent } from "../../domain/event/RecordedEvent.ts";

/** An event in this process that the server does not know to be handled. */
export interface OpenEvent {
  readonly recorded: RecordedEvent;
  /** Its latest delivery, which is the one to be answered. */
  message: Msg;
  isHandled: boolean;
}

/** The events that one consumer has open in this process. */
export class OpenEvents {
  readonly #events = new Map<Position, OpenEvent>();

  get size(): number {
    return this.#events.size;
  }

  /** Takes in a delivery. One of an event that is open already replaces that one's delivery, and is not to be handled again. */
  receive(recorded: RecordedEvent, message: Msg): { readonly event: OpenEvent; readonly isNew: boolean } {
    const known = this.#events.get(recorded.position);
    const event = known ?? { recorded, message, isHandled: false };
    event.message = message;
    this.#events.set(recorded.position, event);
    return { event, isNew: known === undefined };
  }

  /** Forgets an event. */
  close({ recorded }: OpenEvent): void {
    this.#events.delete(recorded.position);
  }

  /** Tells the server that the events in hand are being worked on. */
  keep(): void {
    for (const { message, isHandled } of this.#events.values()) if (!isHandled) message.respond("+WPI");
  }

  /** Gives back what is not handled, in the order of the log, so that another worker can take it at once. */
  giveBack(): void {
    const inOrder = [...this.#events.values()].sort((a, b) => a.recorded.position - b.recorded.position);
    for (const { message, isHandled } of inOrder) message.respond(isHandled ? "+ACK" : "-NAK");
    this.#events.clear();
  }
}
