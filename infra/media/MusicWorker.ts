/** The worker thread that measures the music of one file. */
import { parentPort } from "node:worker_threads";
import { make } from "../../domain/signal/MusicAnalyser.ts";
import { serve } from "./SampleWorker.ts";

const start = (port: NonNullable<typeof parentPort>): void => {
  const { push, finish } = make();
  serve(port, 1, { push, finish: () => ({ report: finish(), transfer: [] }) });
};

if (parentPort) start(parentPort);
