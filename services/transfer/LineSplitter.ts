import { Effect, Stream } from "effect";
import { LogFileRefused, longestLine } from "./LogFormat.ts";

/** The lines of a UTF-8 text, without their line feeds; refuses one that has no end within reason. */
export const linesOf = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
): Stream.Stream<string, E | LogFileRefused, R> =>
  Stream.suspend(() => {
    let rest = "";
    let count = 0;
    return bytes.pipe(
      Stream.decodeText(),
      Stream.mapEffect((text): Effect.Effect<ReadonlyArray<string>, LogFileRefused> => {
        rest += text;
        if (rest.length > longestLine && !text.includes("\n")) {
          return Effect.fail(new LogFileRefused({ line: count + 1, detail: "the line has no end" }));
        }
        if (!text.includes("\n")) return Effect.succeed([]);
        const lines = rest.split("\n");
        rest = lines.pop() ?? "";
        count += lines.length;
        return Effect.succeed(lines);
      }),
      Stream.flattenIterable,
      Stream.concat(Stream.suspend(() => rest === "" ? Stream.empty : Stream.make(rest))),
    );
  });
