/** The worker thread that measures the music of one file. */
import { parentPort, workerData } from "node:worker_threads";
import { make, musicMeters } from "../../domain/signal/MusicAnalyser.ts";
import { type SampleWorkerData, serve } from "./SampleWorker.ts";

const start = (port: NonNullable<typeof parentPort>, { parts, channels }: SampleWorkerData): void => {
  const { push, finish } = make({
    ...(parts.includes("tempo") && { tempo: musicMeters.tempo }),
    ...(parts.includes("key") && { key: musicMeters.key }),
  });
  serve(port, channels, { push, finish: () => ({ report: finish(), transfer: [] }) });
};

if (parentPort) start(parentPort, workerData);
