/** The arrays that numbers are kept in. */
interface Numbers<Self> {
  [index: number]: number;
  readonly length: number;
  readonly set: (values: Self, offset: number) => void;
  readonly subarray: (begin: number, end: number) => Self;
}

/** Where numbers go one by one, as they are found. */
export interface NumberSink {
  push(value: number): void;
}

const BLOCK = 32_768;

/** Numbers of which nobody knows how many there will be. They lie in blocks: nothing is copied before the end, and little room is left over. */
export class NumberBlocks<Block extends Numbers<Block>> implements NumberSink {
  readonly #make: (length: number) => Block;
  readonly #full: Array<Block> = [];
  #open: Block;
  #filled = 0;

  constructor(make: (length: number) => Block) {
    this.#make = make;
    this.#open = make(BLOCK);
  }

  push(value: number): void {
    if (this.#filled === BLOCK) {
      this.#full.push(this.#open);
      this.#open = this.#make(BLOCK);
      this.#filled = 0;
    }
    this.#open[this.#filled++] = value;
  }

  /** All of them in one array, and none of them here any more. */
  take(): Block {
    const all = this.#make(this.#full.length * BLOCK + this.#filled);
    const open = this.#open.subarray(0, this.#filled);
    all.set(open, this.#full.length * BLOCK);
    this.#filled = 0;
    for (let block = this.#full.pop(); block !== undefined; block = this.#full.pop()) {
      all.set(block, this.#full.length * BLOCK);
    }
    return all;
  }
}
