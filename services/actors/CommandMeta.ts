import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { CommandId, TenantId } from "../../domain/Id.ts";
import * as Id from "../../domain/Id.ts";

/** What travels with a command: who it is for, its identity, and what caused it. */
export interface CommandMeta {
  readonly tenantId: TenantId;
  readonly commandId: CommandId;
  readonly correlationId: string;
  readonly causationId: string | null;
  /** When its sender stops waiting: past it, the command is not carried out any more. `null`: never. */
  readonly deadline: Date | null;
}

/** A client's command: the beginning of a chain. */
export const initial = (
  tenantId: TenantId,
  commandId: CommandId,
  deadline: Date | null,
): CommandMeta => ({
  tenantId,
  commandId,
  correlationId: commandId,
  causationId: null,
  deadline,
});

/** A command that an event causes. It has no deadline: what must follow from a fact must follow however late. */
export const causedBy = (event: RecordedEvent, commandId: CommandId): CommandMeta => ({
  tenantId: event.tenantId,
  commandId,
  correlationId: event.correlationId,
  causationId: event.eventId,
  deadline: null,
});

/**
 * A command that an event always causes, told apart by its purpose. A reactor that sees the event again sends the same command
 * again, under the same id.
 */
export const following = (event: RecordedEvent, purpose: string): CommandMeta =>
  causedBy(event, Id.commandFor(event.eventId, purpose));
