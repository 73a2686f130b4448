import { appendFileSync, writeFileSync } from "node:fs";
import { littleEndian } from "../../domain/signal/LittleEndian.ts";
import type { NumberSink } from "../../domain/signal/NumberBlocks.ts";

/** Numbers written at once. */
const BLOCK = 32_768;

/**
 * A file of 16-bit numbers, signed or not, the lower byte first, which is written while they are found. Once it cannot be written,
 * `failure` says why, and numbers are dropped.
 */
export class NumberFile implements NumberSink {
  readonly path: string;
  failure: string | null = null;
  /** Unsigned numbers have the same bits here. */
  readonly #block = new Int16Array(BLOCK);
  #filled = 0;

  /** Leaves room for a header, which is written last. */
  constructor(path: string, headerBytes = 0) {
    this.path = path;
    this.#attempt(() => writeFileSync(path, new Uint8Array(headerBytes)));
  }

  push(value: number): void {
    if (this.#filled === BLOCK) this.#flush();
    this.#block[this.#filled++] = value;
  }

  /** Writes the rest, then the header in the room left for it. */
  finish(header: Uint8Array = new Uint8Array(0)): void {
    this.#flush();
    this.#attempt(() => writeFileSync(this.path, header, { flag: "r+" }));
  }

  #flush(): void {
    const bytes = littleEndian(this.#block.subarray(0, this.#filled));
    this.#attempt(() => appendFileSync(this.path, bytes));
    this.#filled = 0;
  }

  #attempt(write: () => void): void {
    if (this.failure !== null) return;
    try {
      write();
    } catch (error) {
      this.failure = String(error);
    }
  }
}
