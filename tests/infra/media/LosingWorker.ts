/** A thread that is lost in the middle of its work. */
import { parentPort } from "node:worker_threads";
import { serve } from "../../../infra/media/SampleWorker.ts";

if (parentPort) {
  let blocks = 0;
  serve(parentPort, 1, {
    push: () => {
      if (++blocks === 2) throw new Error("Out of memory");
    },
    finish: () => ({ report: null, transfer: [] }),
  });
}
