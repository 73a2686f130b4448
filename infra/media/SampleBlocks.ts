import { Effect, Stream } from "effect";

/**
 * Cuts a stream of bytes into blocks: fills `first`, hands it to `take` with the number of bytes in it, then fills the buffer that
 * `take` answers, and so on. Every block but the last is full. The stream is read no faster than blocks are taken. Its chunks are gone
 * when they have been copied.
 */
export const intoBlocks = <E, E2, R>(
  bytes: Stream.Stream<Uint8Array, E>,
  first: ArrayBuffer,
  take: (block: ArrayBuffer, byteLength: number) => Effect.Effect<ArrayBuffer, E2, R>,
): Effect.Effect<void, E | E2, R> =>
  Effect.suspend(() => {
    let block = new Uint8Array(first), filled = 0;
    const add = Effect.fnUntraced(function* (chunk: Uint8Array) {
      for (let from = 0; from < chunk.length;) {
        const part = chunk.subarray(from, from + block.length - filled);
        block.set(part, filled);
        filled += part.length;
        from += part.length;
        if (filled === block.length) {
          block = new Uint8Array(yield* take(block.buffer, filled));
          filled = 0;
        }
      }
      free(chunk);
    });
    return Stream.runForEach(bytes, add).pipe(
      Effect.andThen(
        Effect.suspend(() => filled > 0 ? Effect.asVoid(take(block.buffer, filled)) : Effect.void),
      ),
    );
  });

/** Gives the memory of bytes back at once, where nothing else lies in it: left to the collector, more than 100 MB of it would wait. */
const free = ({ buffer, byteLength }: Uint8Array): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
};
