import { Effect } from "effect";
import { ProjectionControl } from "../../services/projections/ProjectionControl.ts";
import { CommandFailed } from "./CommandFailed.ts";
import { withProgress } from "./Progress.ts";

/** Waits until rebuilds or verifications that were begun have ended, and shows how far they are. */
export const awaitBuilds = Effect.fnUntraced(
  function* (slot: "rebuild" | "verify", names: ReadonlyArray<string>) {
    const control = yield* ProjectionControl;
    const total = (yield* control.list).filter(({ name }) => names.includes(name))
      .reduce((sum, { head }) => sum + head, 0);
    const title = slot === "rebuild" ? "Rebuild" : "Verify";
    yield* withProgress({ title, unit: "events", total }, (progress) =>
      Effect.gen(function* () {
        while (true) {
          const states = (yield* control.list).filter(({ name }) => names.includes(name));
          const failed = states.find((state) => state[slot]?.status === "failed");
          if (failed) {
            return yield* new CommandFailed({
              status: 1,
              message: `The ${slot} of ${failed.name} stopped; the live view is untouched. ${
                failed[slot]?.error ?? ""
              }`,
            });
          }
          if (states.every((state) => state[slot] === null)) return;
          progress.at(states.reduce((sum, state) => sum + (state[slot]?.position ?? state.head), 0));
          yield* Effect.sleep("200 millis");
        }
      }));
  },
);
