import type { Result } from "effect";

/**
 * A pure decision maker: what has happened (`State`, folded from events by `evolve`) and what is asked (`Command`) give
 * either the events that now happen (none when there is nothing left to do) or the reason why not.
 */
export interface Decider<State, Event, Command, Error> {
  readonly initial: State;
  readonly evolve: (state: State, event: Event) => State;
  readonly decide: (state: State, command: Command) => Result.Result<ReadonlyArray<Event>, Error>;
}

/** The state after a history: `evolve` from `initial` over the events in order. */
export const fold = <State, Event>(
  decider: Pick<Decider<State, Event, never, unknown>, "initial" | "evolve">,
  events: Iterable<Event>,
): State => {
  let state = decider.initial;
  for (const event of events) state = decider.evolve(state, event);
  return state;
};
