/**
 * The file form of a log, version 1: JSON Lines. A header; every event in the order of the log; every receipt; a trailer with the counts.
 * Each line ends in a SHA-256 of the line before's hash and of its own text, so that a line that was changed, moved, added or
 * taken out breaks the chain. The chain has no key: it tells damage, not a forger who writes the whole file anew.
 */
import { Result, Schema, SchemaIssue } from "effect";
import { createHash } from "node:crypto";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { EventRecord, ReceiptRecord } from "../EventRecord.ts";

/** The version of the format that is written, and the only one that is read. */
export const formatVersion = 1;

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

const Header = Schema.Struct({
  line: Schema.tag("header"),
  format: Schema.Literal("tapedeck-log"),
  version: Schema.Literal(formatVersion),
  /** The epoch of the log that was exported. */
  epoch: Schema.String.check(Schema.isUUID()),
  head: Position,
  exportedAt: Schema.DateFromString,
});

const Trailer = Schema.Struct({ line: Schema.tag("trailer"), events: Count, receipts: Count });

/** A line of the file, without its hash. */
export const Line = Schema.Union([
  Header,
  Schema.Struct({ line: Schema.tag("event"), ...EventRecord.fields }),
  Schema.Struct({ line: Schema.tag("receipt"), ...ReceiptRecord.fields }),
  Trailer,
]);
export type Line = typeof Line.Type;

/** A file was refused at a line, counted from 1; nothing of it has been written. */
export class LogFileRefused extends Schema.TaggedError<LogFileRefused>()("LogFileRefused", {
  line: Schema.Int,
  detail: Schema.String,
}) {
  override get message(): string {
    return `Line ${this.line}: ${this.detail}`;
  }
}

const seal = /^(.+),"sha256":"([0-9a-f]{64})"\}$/s;

/** No line is longer, in characters: far above any event. */
export const longestLine = 4 * 1024 * 1024;

const hashOf = (previous: string, body: string): string =>
  createHash("sha256").update(previous).update(body).digest("hex");

const encode = Schema.encodeSync(Line);
const decode = Schema.decodeUnknownResult(Line, { onExcessProperty: "error" });
const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1();

/** Writes lines, each chained to the one before. */
export class LineWriter {
  #hash = "";

  /** The text of the next line, with its hash and a line feed. */
  write(line: Line): string {
    const body = JSON.stringify(encode(line)).slice(0, -1);
    this.#hash = hashOf(this.#hash, body);
    return `${body},"sha256":"${this.#hash}"}\n`;
  }
}

/**
 * Reads lines and checks what can be seen from the file alone: the chain, the shape, the order of the parts, dense positions, and the
 * counts at the end.
 */
export class LineReader {
  #hash = "";
  #number = 0;
  #header: typeof Header.Type | null = null;
  #events = 0;
  #receipts = 0;
  #ended = false;

  /** The number of the line that was read last, from 1. */
  get number(): number {
    return this.#number;
  }

  /** How much of the log has been read. */
  get counts(): { readonly events: number; readonly receipts: number } {
    return { events: this.#events, receipts: this.#receipts };
  }

  /** The epoch of the log that the file was taken from; `null` before the header has been read. */
  get epoch(): string | null {
    return this.#header?.epoch ?? null;
  }

  /** The next line, given without its line feed. */
  read(text: string): Result.Result<Line, LogFileRefused> {
    this.#number++;
    if (this.#ended) return this.#refuse("there is something after the trailer");
    const [, body, hash] = seal.exec(text) ?? [];
    if (body === undefined || hash === undefined) {
      return this.#refuse(
        this.#number === 1 ? "this is not an exported log" : "the line is cut, or has no hash",
      );
    }
    if (hashOf(this.#hash, body) !== hash) {
      return this.#refuse(
        "the hash does not fit: this line was changed, or one before it was moved or removed",
      );
    }
    this.#hash = hash;
    return Result.flatMap(this.#parse(`${body}}`), (line) => this.#follows(line));
  }

  /** To be called where the file ends. */
  end(): Result.Result<void, LogFileRefused> {
    if (this.#ended) return Result.succeed(undefined);
    this.#number++;
    return this.#refuse(this.#header === null ? "the file is empty" : "the file is cut: it has no trailer");
  }

  #parse(json: string): Result.Result<Line, LogFileRefused> {
    let parsed: unknown;
    try {
      parsed = JSON.parse(json);
    } catch {
      return this.#refuse("this is not JSON");
    }
    const version = Schema.decodeUnknownResult(Schema.Struct({ version: Schema.Int }))(parsed);
    if (this.#number === 1 && Result.isSuccess(version) && version.success.version !== formatVersion) {
      return this.#refuse(
        `this is version ${version.success.version} of the format, this program reads version ${formatVersion}`,
      );
    }
    return Result.mapError(decode(parsed), ({ issue }) => {
      const [first] = issuesOf(issue).issues;
      const path = (first?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
      return this.#refusal(
        this.#number === 1
          ? "this is not the header of an exported log"
          : `not a line of this format: ${path.join(".")}: ${first?.message ?? "not valid"}`,
      );
    });
  }

  #follows(line: Line): Result.Result<Line, LogFileRefused> {
    const header = this.#header;
    if (header === null) {
      if (line.line !== "header") return this.#refuse("the file does not begin with its header");
      this.#header = line;
      return Result.succeed(line);
    }
    switch (line.line) {
      case "header":
        return this.#refuse("there is a second header");
      case "event":
        if (this.#receipts > 0) return this.#refuse("there is an event after the receipts");
        if (line.position !== ++this.#events) {
          return this.#refuse(`position ${this.#events} is expected here, and ${line.position} was found`);
        }
        if (line.position > header.head) {
          return this.#refuse(`position ${line.position} lies beyond the head ${header.head} of the header`);
        }
        return Result.succeed(line);
      case "receipt":
        if (this.#events !== header.head) return this.#refuseEvents(header.head);
        this.#receipts++;
        return line.position <= header.head
          ? Result.succeed(line)
          : this.#refuse(`a receipt names position ${line.position}, the log ends at ${header.head}`);
      case "trailer":
        if (this.#events !== header.head) return this.#refuseEvents(header.head);
        if (line.events !== this.#events || line.receipts !== this.#receipts) {
          return this.#refuse(
            `the trailer counts ${line.events} events and ${line.receipts} receipts, the file has ${this.#events} and ${this.#receipts}`,
          );
        }
        this.#ended = true;
        return Result.succeed(line);
    }
  }

  #refuseEvents(head: number): Result.Result<never, LogFileRefused> {
    return this.#refuse(`the header promises ${head} events, ${this.#events} came`);
  }

  #refusal(detail: string): LogFileRefused {
    return new LogFileRefused({ line: this.#number, detail });
  }

  #refuse(detail: string): Result.Result<never, LogFileRefused> {
    return Result.fail(this.#refusal(detail));
  }
}
