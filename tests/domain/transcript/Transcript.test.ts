import { assert, describe, it } from "@effect/vitest";
import { Result } from "effect";
import { subRip } from "../../../domain/transcript/SubRip.ts";
import { type Segment, transcriptOf } from "../../../domain/transcript/Transcript.ts";
import { webVtt } from "../../../domain/transcript/WebVtt.ts";

const recogniser = { name: "ear", model: "left" };

const told = (segments: ReadonlyArray<Segment>, seconds = 10_000, language: string | null = "en") =>
  Result.getOrThrow(transcriptOf(recogniser, { language, segments }, seconds));

const segment = (startSeconds: number, endSeconds: number, text: string): Segment => ({
  startSeconds,
  endSeconds,
  text,
});

describe("a transcript", () => {
  it("is in order, within the recording, in single lines, to the millisecond", () => {
    const transcript = told([
      segment(8.00049, 12, " the\n\nend\u0000\u2028 "),
      { ...segment(-0.5, 1.23456, "  Once upon\ta time"), confidence: 1.2 },
      segment(3, 2.5, "there"),
      segment(4, 5, " \n "),
      { ...segment(6, 7, "was\ud800"), confidence: 0.12345 },
    ], 10);
    assert.deepStrictEqual(transcript, {
      language: "en",
      recogniser,
      text: "Once upon a time there was\ufffd the end",
      segments: [
        { startSeconds: 0, endSeconds: 1.235, text: "Once upon a time", confidence: 1 },
        { startSeconds: 3, endSeconds: 3, text: "there" },
        { startSeconds: 6, endSeconds: 7, text: "was\ufffd", confidence: 0.123 },
        { startSeconds: 8, endSeconds: 10, text: "the end" },
      ],
    });
  });

  it("has a language only if that is one", () => {
    for (const language of ["en", "en-US", "yue", "zh-Hans-CN"]) {
      assert.strictEqual(told([], 1, language).language, language);
    }
    for (const language of ["English", "", "e", "en_US", "en-<b>", null]) {
      assert.isNull(told([], 1, language).language, String(language));
    }
  });

  it("is bounded", () => {
    const speak = (count: number, text: string) =>
      transcriptOf(recogniser, { language: null, segments: Array(count).fill(segment(0, 1, text)) }, 1);
    assert.isTrue(Result.isSuccess(speak(100_000, "a")));
    assert.isTrue(Result.isFailure(speak(100_001, "a")));
    assert.isTrue(Result.isFailure(speak(2, "a".repeat(2_000_000))));
  });
});

const story = told([
  segment(0, 1.5, "Hello & <b>welcome</b>"),
  segment(1.5, 1.5, "a --> b {\\an8} {b} < 3"),
  segment(59.9996, 61, "Grüße, 世界 👋"),
  segment(3_661.001, 3_662.5, "an hour later"),
], 4_000);

describe("subtitles", () => {
  it("in WebVTT have entities for what would be markup", () => {
    assert.strictEqual(
      webVtt(story),
      `WEBVTT

00:00:00.000 --> 00:00:01.500
Hello &amp; &lt;b&gt;welcome&lt;/b&gt;

00:00:01.500 --> 00:00:01.501
a --&gt; b {\\an8} {b} &lt; 3

00:01:00.000 --> 00:01:01.000
Grüße, 世界 👋

01:01:01.001 --> 01:01:02.500
an hour later
`,
    );
  });

  it("in SubRip are numbered, and what would be markup is broken up", () => {
    assert.strictEqual(
      subRip(story),
      `1
00:00:00,000 --> 00:00:01,500
Hello & <\u2060b>welcome<\u2060/b>

2
00:00:01,500 --> 00:00:01,501
a → b {\u2060\\an8} {\u2060b} < 3

3
00:01:00,000 --> 00:01:01,000
Grüße, 世界 👋

4
01:01:01,001 --> 01:01:02,500
an hour later
`,
    );
  });

  it("of ten hours and more have as many digits as it takes", () => {
    const late = told([segment(360_000.5, 360_001, "late")], 400_000);
    assert.include(webVtt(late), "100:00:00.500 --> 100:00:01.000\n");
  });

  it("of nothing are files without cues", () => {
    assert.deepStrictEqual([webVtt(told([])), subRip(told([]))], ["WEBVTT\n", ""]);
  });
});
