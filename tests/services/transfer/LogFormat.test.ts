import { assert, describe, it } from "@effect/vitest";
import { Result } from "effect";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import * as Id from "../../../domain/Id.ts";
import { type Line, LineReader, LineWriter, LogFileRefused } from "../../../services/transfer/LogFormat.ts";
import { sealed, unsealed } from "../../support/LogFile.ts";
import type { Json } from "../../support/RunningService.ts";

const at = new Date("2026-03-04T05:06:07.089Z");
const tenantId = Id.TenantId.make("acme");
const digits = "01k00000000000000000000000";

const event = (position: number): Line => ({
  line: "event",
  position: Position.make(position),
  streamId: "acme/upl",
  version: position,
  eventId: Id.EventId.make(`evt_${digits.slice(0, -1)}${position}`),
  type: "UploadEaten",
  schemaVersion: 7,
  tenantId,
  commandId: `cmd_${digits}`,
  correlationId: `cmd_${digits}`,
  causationId: null,
  traceparent: null,
  data: { of: 'a\n"file"', parts: [1.5, null, { "é": "\u2028" }] },
  recordedAt: at,
});

const receipt = (commandId: string, position = 3): Line => ({
  line: "receipt",
  tenantId,
  commandId,
  fingerprint: "f",
  streamId: "acme/upl",
  version: position,
  position: Position.make(position),
  rejection: { why: ["not", null] },
  recordedAt: at,
});

const lines: ReadonlyArray<Line> = [
  {
    line: "header",
    format: "tapedeck-log",
    version: 1,
    epoch: "0b8e7c3a-1f7e-4c55-9a53-0f3d6f0a7a11",
    head: Position.make(3),
    exportedAt: at,
  },
  event(1),
  event(2),
  event(3),
  receipt("cmd_a"),
  receipt("cmd_b"),
  { line: "trailer", events: 3, receipts: 2 },
];

const written = (): string => {
  const writer = new LineWriter();
  return lines.map((line) => writer.write(line)).join("");
};

/** Reads a file to its end, or to the line at which it is refused. */
const read = (text: string): ReadonlyArray<Line> => {
  const reader = new LineReader();
  const found: Array<Line> = [];
  const texts = text.split("\n");
  if (texts.at(-1) === "") texts.pop();
  for (const each of texts) found.push(Result.getOrThrow(reader.read(each)));
  Result.getOrThrow(reader.end());
  return found;
};

const assertRefused = (text: string, line: number, detail: RegExp): void => {
  try {
    read(text);
  } catch (error) {
    assert.instanceOf(error, LogFileRefused);
    assert.strictEqual(error.line, line);
    assert.match(error.detail, detail);
    return;
  }
  assert.fail("the file was not refused");
};

describe("a log as a file", () => {
  it("is read as it was written, with or without its last line feed", () => {
    assert.deepStrictEqual(read(written()), lines);
    assert.deepStrictEqual(read(written().trimEnd()), lines);
  });

  it("keeps its form: files of version 1 exist", () => {
    const [header, , , , first] = written().split("\n");
    assert.strictEqual(
      header,
      '{"line":"header","format":"tapedeck-log","version":1,"epoch":"0b8e7c3a-1f7e-4c55-9a53-0f3d6f0a7a11",' +
        '"head":3,"exportedAt":"2026-03-04T05:06:07.089Z",' +
        '"sha256":"c5bd3080b31991de04aace1b01019e1a02d27c581e23159c123694f89edad177"}',
    );
    assert.strictEqual(
      first,
      '{"line":"receipt","tenantId":"acme","commandId":"cmd_a","fingerprint":"f","streamId":"acme/upl","version":3,' +
        '"position":3,"rejection":{"why":["not",null]},"recordedAt":"2026-03-04T05:06:07.089Z",' +
        '"sha256":"bdb8d36b84f5727bc808736565f9b71e342659f9da55e9640391d560ee010914"}',
    );
    assert.strictEqual(sealed(unsealed(written())), written());
  });

  it("tells how far it has been read, and where it came from", () => {
    const reader = new LineReader();
    assert.isNull(reader.epoch);
    for (const text of written().split("\n").slice(0, 5)) reader.read(text);
    assert.strictEqual(reader.number, 5);
    assert.deepStrictEqual(reader.counts, { events: 3, receipts: 1 });
    assert.strictEqual(reader.epoch, "0b8e7c3a-1f7e-4c55-9a53-0f3d6f0a7a11");
  });
});

describe("a log file that was tampered with", () => {
  const edit = (change: (texts: Array<string>) => void): string => {
    const texts = written().trimEnd().split("\n");
    change(texts);
    return `${texts.join("\n")}\n`;
  };
  const replace = (index: number, from: string | RegExp, to: string) => (texts: Array<string>): void => {
    const before = texts[index] ?? "";
    texts[index] = before.replace(from, to);
    assert.notStrictEqual(texts[index], before);
  };

  it.each<[string, number, RegExp, (texts: Array<string>) => void]>([
    ["a changed value", 3, /hash does not fit/, replace(2, "UploadEaten", "UploadEaton")],
    ["a changed time in the header", 1, /hash does not fit/, replace(0, "05:06:07", "05:06:08")],
    ["another epoch", 1, /hash does not fit/, replace(0, "0b8e7c3a", "0b8e7c3b")],
    ["white space", 2, /hash does not fit/, replace(1, '"line":', '"line": ')],
    ["a changed hash", 4, /hash does not fit/, (texts) => {
      const last = texts[3]?.at(-3);
      texts[3] = `${texts[3]?.slice(0, -3)}${last === "0" ? 1 : 0}"}`;
    }],
    ["no hash", 4, /cut, or has no hash/, replace(3, /,"sha256":"\w+"/, "")],
    ["a changed receipt", 5, /hash does not fit/, replace(4, '"fingerprint":"f"', '"fingerprint":"g"')],
    ["a changed trailer", 7, /hash does not fit/, replace(6, '"events":3', '"events":4')],
    ["a line removed", 3, /hash does not fit/, (texts) => texts.splice(2, 1)],
    ["the last event removed", 4, /hash does not fit/, (texts) => texts.splice(3, 1)],
    ["the header removed", 1, /hash does not fit/, (texts) => texts.splice(0, 1)],
    [
      "two lines exchanged",
      2,
      /hash does not fit/,
      (texts) => texts.splice(1, 2, texts[2] ?? "", texts[1] ?? ""),
    ],
    ["a line twice", 3, /hash does not fit/, (texts) => texts.splice(1, 0, texts[1] ?? "")],
    ["an empty line", 3, /cut, or has no hash/, (texts) => texts.splice(2, 0, "")],
    ["something after the end", 8, /after the trailer/, (texts) => texts.push(texts[1] ?? "")],
    ["a line cut", 7, /cut, or has no hash/, (texts) => texts.push((texts.pop() ?? "").slice(0, -9))],
    ["no trailer", 7, /cut: it has no trailer/, (texts) => texts.pop()],
    ["only a header", 2, /cut: it has no trailer/, (texts) => texts.splice(1)],
    [
      "line feeds of another system",
      1,
      /not an exported log/,
      (texts) => texts.forEach((text, i) => texts[i] = `${text}\r`),
    ],
  ])("is refused with its line: %s", (_, line, detail, change) => {
    assertRefused(edit(change), line, detail);
  });

  it.each([
    ["nothing at all", "", /the file is empty/],
    ["an empty line", "\n", /not an exported log/],
    ["some text", "Dear Sir or Madam", /not an exported log/],
    ["JSON lines of another program", '{"id":1}\n{"id":2}\n', /not an exported log/],
  ])("is refused: %s", (_, text, detail) => {
    assertRefused(text, 1, detail);
  });
});

describe("a log file with a right chain and wrong lines", () => {
  it.each<[string, number, RegExp, (file: Array<Json>) => void]>([
    ["another format", 1, /not the header of an exported log/, (file) => file[0].format = "other-log"],
    [
      "a version that is not known",
      1,
      /version 2 of the format, this program reads version 1/,
      (file) => file[0].version = 2,
    ],
    ["no header", 1, /does not begin with its header/, (file) => file.splice(0, 1)],
    ["two headers", 2, /second header/, (file) => file.splice(1, 0, file[0])],
    ["a position left out", 3, /position 2 is expected here, and 3 was found/, (file) => file.splice(2, 1)],
    [
      "a position twice",
      3,
      /position 2 is expected here, and 1 was found/,
      (file) => file.splice(1, 0, file[1]),
    ],
    ["positions from 0", 2, /position 1 is expected/, (file) => file[1].position = 0],
    ["more events than the header promises", 4, /beyond the head 2/, (file) => file[0].head = 2],
    ["fewer events than the header promises", 5, /promises 4 events, 3 came/, (file) => file[0].head = 4],
    ["no receipts and too few events", 4, /promises 3 events, 2 came/, (file) => file.splice(3, 3)],
    ["an event after the receipts", 6, /event after the receipts/, (file) => file.splice(5, 0, file[3])],
    ["a receipt beyond the log", 5, /names position 9, the log ends at 3/, (file) => file[4].position = 9],
    [
      "a count of events that is wrong",
      7,
      /counts 4 events and 2 receipts, the file has 3 and 2/,
      (file) => file[6].events = 4,
    ],
    [
      "a count of receipts that is wrong",
      6,
      /counts 3 events and 2 receipts, the file has 3 and 1/,
      (file) => file.splice(5, 1),
    ],
    ["a kind of line that is not known", 3, /not a line of this format/, (file) => file[2].line = "secret"],
    ["a field too many", 3, /not a line of this format: more/, (file) => file[2].more = true],
    ["a field missing", 3, /not a line of this format: streamId/, (file) => delete file[2].streamId],
    ["a field of another type", 3, /not a line of this format: version/, (file) => file[2].version = "2"],
    ["a version 0", 3, /not a line of this format: version/, (file) => file[2].version = 0],
    ["no time", 3, /not a line of this format: recordedAt/, (file) => file[2].recordedAt = "soon"],
    ["an id that is none", 3, /not a line of this format: eventId/, (file) => file[2].eventId = "evt_1"],
  ])("is refused: %s", (_, line, detail, change) => {
    const file = unsealed(written());
    change(file);
    assertRefused(sealed(file), line, detail);
  });
});
