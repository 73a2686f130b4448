import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { Analysis, AnalysisEvent } from "../../../domain/analysis/Analysis.ts";
import { Cleanup } from "../../../domain/cleanup/Cleanup.ts";
import { Conversion, ConversionEvent } from "../../../domain/conversion/Conversion.ts";
import { type Decider, fold } from "../../../domain/Decider.ts";
import { DomainEvent, type EventType, eventTypes } from "../../../domain/event/DomainEvent.ts";
import { currentVersion } from "../../../domain/event/EventVersions.ts";
import { attemptsAllowed, type Job } from "../../../domain/Job.ts";
import { Upload, UploadEvent } from "../../../domain/upload/Upload.ts";
import { golden, goldenData, goldenDirectory } from "../../support/Golden.ts";

/** Every version that events of a type have had. */
const versionsOf = (type: EventType) =>
  Array.from({ length: currentVersion(type) }, (_, index) => ({ type, version: index + 1 }));

const versions = eventTypes.flatMap(versionsOf);

const encode = Schema.encodeSync(DomainEvent);
const isUploadEvent = Schema.is(UploadEvent);
const isConversionEvent = Schema.is(ConversionEvent);
const isAnalysisEvent = Schema.is(AnalysisEvent);

const namesIn = (directory: URL) => readdirSync(directory).filter((name) => name !== "manifest.json").sort();

const sha256 = (name: string) =>
  createHash("sha256").update(readFileSync(new URL(name, goldenDirectory))).digest("hex");

describe("golden files", () => {
  it("are what the manifest says: none was edited, removed or added beside it", () => {
    const manifest = JSON.parse(readFileSync(new URL("manifest.json", goldenDirectory), "utf8"));
    assert.deepStrictEqual(
      Object.fromEntries(namesIn(goldenDirectory).map((name) => [name, sha256(name)])),
      manifest,
    );
  });

  it("exist for every version of every event type, and for nothing else", () => {
    assert.sameMembers(
      namesIn(goldenDirectory),
      versions.map(({ type, version }) => `${type}.v${version}.json`),
    );
  });

  it.each(versions)("$type in version $version is decoded, lifted and folded", ({ type, version }) => {
    assert.isNotNull(folded(golden(type, version)));
  });

  it.each(eventTypes)("%s of today's version is decoded, and encoded to the same JSON", (type) => {
    const { _tag, ...data } = encode(golden(type));
    assert.strictEqual(_tag, type);
    assert.deepStrictEqual(JSON.parse(JSON.stringify(data)), goldenData(type));
  });
});

/** The state of the actor that an event belongs to after its first event and this one. */
const folded = (event: DomainEvent) => {
  if (isUploadEvent(event)) return fold(Upload, [golden("UploadReceived"), event]);
  if (isConversionEvent(event)) return fold(Conversion, [golden("ConversionRequested"), event]);
  if (isAnalysisEvent(event)) return fold(Analysis, [golden("AnalysisRequested"), event]);
  return fold(Cleanup, [golden("CleanupRequested"), event]);
};

/** The states after each event of a history. */
const states = <State, Event>(
  decider: Decider<State, Event, never, unknown>,
  history: ReadonlyArray<Event>,
) => history.map((_, index) => fold(decider, history.slice(0, index + 1)));

const jobs = <State extends { readonly job: Job } | null, Event>(
  decider: Decider<State, Event, never, unknown>,
  history: ReadonlyArray<Event>,
) => states(decider, history).map((state) => state?.job);

const job = (status: Job["status"], attempt: number, lastAttempt = attemptsAllowed, progress = 0): Job => ({
  status,
  attempt,
  lastAttempt,
  progress,
});

describe("a history of golden files folds", () => {
  it("for an upload", () => {
    const received = golden("UploadReceived");
    const ready = golden("UploadReady");
    assert.deepStrictEqual(states(Upload, [received, ready, golden("UploadDeleted")]), [
      { status: "received", received, media: null },
      { status: "ready", received, media: ready.media },
      { status: "deleted", received, media: ready.media },
    ]);
    assert.deepStrictEqual(fold(Upload, [received, golden("UploadRejected")]), {
      status: "rejected",
      received,
      media: null,
    });
  });

  it("for a conversion", () => {
    const requested = golden("ConversionRequested");
    const started = golden("ConversionStarted");
    const progressed = golden("ConversionProgressed");
    const { progress } = progressed;
    const again = { ...started, attempt: 2 };
    assert.deepStrictEqual(
      jobs(Conversion, [
        requested,
        started,
        progressed,
        golden("ConversionFailed"),
        golden("ConversionRetried"),
      ]),
      [
        job("queued", 0),
        job("running", 1),
        job("running", 1, attemptsAllowed, progress),
        job("failed", 1, attemptsAllowed, progress),
        job("queued", 1, 1 + attemptsAllowed),
      ],
    );
    assert.deepStrictEqual(
      jobs(Conversion, [
        requested,
        started,
        golden("ConversionReleased"),
        again,
        golden("ConversionCompleted"),
      ]),
      [
        job("queued", 0),
        job("running", 1),
        job("queued", 1, 1 + attemptsAllowed),
        job("running", 2, 1 + attemptsAllowed),
        job("completed", 2, 1 + attemptsAllowed),
      ],
    );
    for (const { version } of versionsOf("ConversionCompleted")) {
      assert.deepStrictEqual(jobs(Conversion, [requested, started, golden("ConversionCompleted", version)]), [
        job("queued", 0),
        job("running", 1),
        job("completed", 1),
      ]);
    }
    assert.deepStrictEqual(fold(Conversion, [requested, golden("ConversionCancelled")]), {
      requested,
      job: job("cancelled", 0),
    });
  });

  it("for an analysis", () => {
    const requested = golden("AnalysisRequested");
    const started = golden("AnalysisStarted");
    const progressed = golden("AnalysisProgressed");
    const { progress } = progressed;
    assert.deepStrictEqual(
      jobs(Analysis, [
        requested,
        started,
        progressed,
        golden("AnalysisReleased"),
        golden("AnalysisCancelled"),
      ]),
      [
        job("queued", 0),
        job("running", 1),
        job("running", 1, attemptsAllowed, progress),
        job("queued", 1, 1 + attemptsAllowed),
        job("cancelled", 1, 1 + attemptsAllowed),
      ],
    );
    assert.deepStrictEqual(fold(Analysis, [requested, started, golden("AnalysisCompleted")]), {
      requested,
      job: job("completed", 1),
    });
    assert.deepStrictEqual(fold(Analysis, [requested, started, golden("AnalysisFailed")]), {
      requested,
      job: job("failed", 1),
    });
  });

  it("for a cleanup", () => {
    const requested = golden("CleanupRequested");
    const started = golden("CleanupStarted");
    assert.deepStrictEqual(
      jobs(Cleanup, [requested, started, golden("CleanupFailed"), golden("CleanupRetried")]),
      [job("queued", 0), job("running", 1), job("failed", 1), job("queued", 1, 1 + attemptsAllowed)],
    );
    assert.deepStrictEqual(fold(Cleanup, [requested, started, golden("CleanupCompleted")]), {
      requested,
      job: job("completed", 1),
    });
  });
});
