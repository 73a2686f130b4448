/** A streaming meter of interleaved samples. */
export interface Meter<Result> {
  /** Measures the first `frames` frames of a buffer. */
  push(interleaved: Float32Array, frames: number): void;
  /** The result on everything pushed. */
  finish(): Result;
}

/** What a part came to: a value, or why there is none. */
export type Outcome<Result> =
  | { readonly value: Result; readonly error: null }
  | { readonly value: null; readonly error: string };

/** The outcome of a part that is not to be measured. */
export const unasked = { value: null, error: null } as const;

/** Why parts have no value, by their names. */
export type Errors<Name extends string> = { readonly [_ in Name]?: string };

/** What of the outcomes of some parts are errors. */
export const errorsOf = (outcomes: Readonly<Record<string, Outcome<unknown>>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(outcomes).flatMap(([name, { error }]) => error === null ? [] : [[name, error]]),
  );

/**
 * A meter that fails alone: once it has thrown, it measures no more, and what it threw is all that is known of it. So does one whose
 * result has a number that is not finite; in typed arrays only NaN is none.
 */
export class Part<Result> {
  #meter: Meter<Result> | null = null;
  #error = "";

  constructor(make: () => Meter<Result>) {
    this.#attempt(() => this.#meter = make());
  }

  push(interleaved: Float32Array, frames: number): void {
    this.#attempt(() => this.#meter?.push(interleaved, frames));
  }

  finish(): Outcome<Result> {
    const value = this.#attempt(() => {
      const result = this.#meter?.finish();
      if (!hasOnlyNumbers(result)) throw new RangeError("The result has numbers that are not finite");
      return result;
    });
    return this.#meter === null || value === undefined
      ? { value: null, error: this.#error }
      : { value, error: null };
  }

  #attempt<A>(run: () => A): A | undefined {
    try {
      return run();
    } catch (error) {
      this.#meter = null;
      this.#error = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }
}

const hasOnlyNumbers = (value: unknown): boolean => {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  if (value instanceof Float32Array || value instanceof Float64Array) return !value.some(Number.isNaN);
  return ArrayBuffer.isView(value) || Object.values(value).every(hasOnlyNumbers);
};
