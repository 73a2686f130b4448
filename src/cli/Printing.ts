import { Effect, Schema } from "effect";
import process from "node:process";

/** Whether standard output is a terminal that may show colours (https://no-color.org). */
const coloured = process.stdout.isTTY && !process.env["NO_COLOR"];

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof codes;

/** The text in a style, where standard output shows colours. */
export const paint = (style: Style, text: string): string =>
  coloured ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;

/** Writes lines to standard output: what the command was asked for. Waits until they are taken. */
export const print = (text: string): Effect.Effect<void> => write(process.stdout, `${text}\n`);

/** Writes lines to standard error: what is said beside it. */
export const note = (text: string): Effect.Effect<void> => write(process.stderr, `${text}\n`);

/** Writes a value to standard output as one line of JSON. */
export const printJson = <A, I>(schema: Schema.Codec<A, I>): (value: A) => Effect.Effect<void> => {
  const encode = Schema.encodeSync(Schema.toCodecJson(schema));
  return (value) => print(JSON.stringify(encode(value)));
};

/** Writes to a stream and waits until it has taken everything; a reader that has gone away ends the program quietly. */
export const write = (stream: NodeJS.WriteStream, data: string | Uint8Array): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    stream.write(data, (error) => {
      if (error) process.exit(0);
      resume(Effect.void);
    });
  });

/** What cannot be read on a terminal, or would change it, made visible. */
export const plain = (text: string): string =>
  // deno-lint-ignore no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
