/** The thread's side of a lane: takes blocks of samples, gives them back when measured, and reports at the end. */
import type { MessagePort } from "node:worker_threads";
import type { SamplePart } from "../../domain/analysis/AnalysisPart.ts";
import type { SampleKind } from "../../domain/signal/SampleKind.ts";

/** Interleaved 32-bit samples, of which whole frames are measured; or, with `null`, the end. */
export interface SampleRequest {
  readonly block: ArrayBuffer | null;
  readonly byteLength: number;
}

/** A block that has been measured, and the frames so far; or the report. */
export type SampleReply<Report> =
  | { readonly block: ArrayBuffer; readonly frames: number }
  | { readonly report: Report };

/** What a worker thread is started with. */
export interface SampleWorkerData {
  readonly sampleRate: number;
  readonly channels: number;
  readonly samples: SampleKind;
  /** Where it may write what is stored beside the report. */
  readonly directory: string;
  /** What it is to measure. */
  readonly parts: ReadonlyArray<SamplePart>;
}

/** Serves one lane: `push` gets whole frames, `finish` makes the report and says what in it is handed over, not copied. */
export const serve = <Report>(port: MessagePort, channels: number, analyser: {
  readonly push: (samples: Float32Array) => void;
  readonly finish: () => { readonly report: Report; readonly transfer: Array<ArrayBuffer> };
}): void => {
  let frames = 0;
  const reply = (message: SampleReply<Report>, transfer: Array<ArrayBuffer>) =>
    port.postMessage(message, transfer);
  port.on("message", ({ block, byteLength }: SampleRequest) => {
    if (block === null) {
      const { report, transfer } = analyser.finish();
      return reply({ report }, transfer);
    }
    const count = Math.floor(byteLength / Float32Array.BYTES_PER_ELEMENT / channels);
    analyser.push(new Float32Array(block, 0, count * channels));
    frames += count;
    reply({ block, frames }, [block]);
  });
};
