import { assert, describe, it } from "@effect/vitest";
import { Arbitrary, Schema } from "effect";
import { DomainEvent, eventTypes } from "../../../domain/event/DomainEvent.ts";
import { currentVersion, lift } from "../../../domain/event/EventVersions.ts";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { fromStored, StoredEventError, toStored } from "../../../domain/event/StoredEvent.ts";
import type { StoredEvent } from "../../../domain/event/StoredEvent.ts";
import { golden, goldenData } from "../../support/Golden.ts";

/** What reading a stored event fails with. */
const errorOf = (stored: StoredEvent, position?: Position): StoredEventError => {
  try {
    fromStored(stored, position);
  } catch (error) {
    if (error instanceof StoredEventError) return error;
    throw error;
  }
  return assert.fail(`${stored.type} was read`);
};

const older = eventTypes.flatMap((type) =>
  Array.from({ length: currentVersion(type) - 1 }, (_, index) => ({ type, version: index + 1 }))
);

describe("a stored event", () => {
  it.prop("is read as it was written, in the version that is written today", [DomainEvent], ([event]) => {
    const stored = toStored(event);
    assert.strictEqual(stored.schemaVersion, currentVersion(event._tag));
    assert.notProperty(stored.data, "_tag");
    assert.deepStrictEqual(fromStored(stored), event);
  });

  it("of an older version is lifted: nobody knows the encoder of a conversion that did not note it", () => {
    assert.notProperty(goldenData("ConversionCompleted", 1), "encoder");
    const { encoder: _, ...noted } = golden("ConversionCompleted", 2);
    assert.deepStrictEqual(golden("ConversionCompleted", 1), { ...noted, encoder: "unknown" });
  });

  it("of an older version is lifted: an old report has nulls for what was not measured then", () => {
    assert.strictEqual(currentVersion("AnalysisCompleted"), 2);
    const { report } = golden("AnalysisCompleted", 1);
    const { report: today } = golden("AnalysisCompleted");
    assert.deepStrictEqual(report, {
      ...today,
      tempo: null,
      key: null,
      signal: today.signal && { ...today.signal, stereoCorrelation: null, balanceDb: null, spectrum: null },
      waveform: today.waveform && { ...today.waveform, rmsKey: null, channels: null },
      curves: null,
      spectrogram: null,
      transcript: null,
      analyserVersion: { loudness: 1, tempo: 0, key: 0, signal: 1, waveform: 1, transcript: 0 },
      errors: {},
    });
  });

  it("of an older version is lifted: no output failed, and none was brought to a loudness", () => {
    assert.strictEqual(currentVersion("ConversionCompleted"), 3);
    const { outputs, failed } = golden("ConversionCompleted", 2);
    assert.deepStrictEqual(failed, []);
    const stored = goldenData("ConversionCompleted", 2)["outputs"];
    assert.deepStrictEqual(
      outputs.map(({ loudness, ...output }) => [loudness, output]),
      Array.isArray(stored) ? stored.map((output) => [null, output]) : [],
    );
  });

  it("of the newest version is not touched by upcasters", () => {
    assert.strictEqual(golden("ConversionCompleted").encoder, "ffmpeg 5.1.9-0+deb12u1");
    const data = goldenData("ConversionCompleted", 1);
    assert.deepInclude(errorOf({ type: "ConversionCompleted", schemaVersion: 3, data }), {
      reason: "Invalid",
    });
  });

  it.each(["UploadForgotten", "", "uploadReady", "toString", "__proto__", "constructor"])(
    "of the type %j is of no known type",
    (type) => {
      const error = errorOf({ type, schemaVersion: 1, data: {} }, Position.make(7));
      assert.deepInclude(error, { reason: "UnknownType", type, schemaVersion: 1 });
      assert.strictEqual(error.position, 7);
      assert.include(error.message, "at position 7");
    },
  );

  it.each(eventTypes)("%s is of no known version beyond those that there have been", (type) => {
    const data = goldenData(type);
    for (const schemaVersion of [-1, 0, 0.5, 1.5, currentVersion(type) + 1, 2 ** 31, NaN]) {
      const error = errorOf({ type, schemaVersion, data });
      assert.deepInclude(error, { reason: "UnknownVersion", type, schemaVersion, position: null });
    }
  });

  it.each(eventTypes)("%s is not valid without its fields", (type) => {
    for (let schemaVersion = 1; schemaVersion <= currentVersion(type); schemaVersion++) {
      assert.strictEqual(errorOf({ type, schemaVersion, data: {} }).reason, "Invalid");
    }
  });

  it.each(["_tag", "type"])("is of the type that the log says, whatever its field %s says", (field) => {
    const stored = toStored(golden("UploadDeleted"));
    const misled = { ...stored, data: { ...stored.data, [field]: "UploadReady" } };
    assert.deepStrictEqual(fromStored(misled), golden("UploadDeleted"));
  });
});

describe("upcasters", () => {
  const json = Arbitrary.schema(Schema.Record(Schema.String, Schema.Json));

  it.prop("take whatever JSON there is, and leave it as it was", [json], ([data]) => {
    const before = JSON.stringify(data);
    for (const { type, version } of older) {
      const lifted = lift(type, version, data);
      assert.deepStrictEqual(lift(type, version, data), lifted);
    }
    assert.strictEqual(JSON.stringify(data), before);
  });

  it("lift nothing that is of today's version", () => {
    for (const type of eventTypes) {
      const data = goldenData(type);
      assert.deepStrictEqual(lift(type, currentVersion(type), data), data);
    }
  });
});
