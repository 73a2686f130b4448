/** The worker thread of one measurement: takes blocks of samples, gives them back when measured, and reports at the end. */
import { parentPort, workerData } from "node:worker_threads";
import { make, type SignalReport } from "../../domain/signal/SignalAnalyser.ts";
import { encodeDat } from "../../domain/signal/WaveformFormat.ts";

/** What the worker is started with. */
export interface MeasureWorkerData {
  readonly sampleRate: number;
  readonly channels: number;
}

/** Interleaved 32-bit samples, of which whole frames are measured; or, with `null`, the end. */
export interface MeasureRequest {
  readonly block: ArrayBuffer | null;
  readonly byteLength: number;
}

/** A block that has been measured, and the frames so far; or the report. */
export type MeasureReply =
  | { readonly block: ArrayBuffer; readonly frames: number }
  | { readonly report: SignalReport; readonly waveform: Uint8Array };

const start = (port: NonNullable<typeof parentPort>, { sampleRate, channels }: MeasureWorkerData): void => {
  const analyser = make({ sampleRate, channels });
  let frames = 0;
  const reply = (message: MeasureReply, transfer: ArrayBuffer) => port.postMessage(message, [transfer]);
  port.on("message", ({ block, byteLength }: MeasureRequest) => {
    if (block === null) {
      const report = analyser.finish();
      const waveform = encodeDat(report.peaks, 16);
      return reply({ report, waveform }, waveform.buffer);
    }
    const count = Math.floor(byteLength / Float32Array.BYTES_PER_ELEMENT / channels);
    analyser.push(new Float32Array(block, 0, count * channels));
    frames += count;
    reply({ block, frames }, block);
  });
};

if (parentPort) start(parentPort, workerData);
