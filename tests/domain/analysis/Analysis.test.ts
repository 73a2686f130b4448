import { describe, it } from "@effect/vitest";
import {
  Analysis,
  type AnalysisCommand,
  AnalysisError,
  type AnalysisEvent,
} from "../../../domain/analysis/Analysis.ts";
import { attemptsAllowed } from "../../../domain/Job.ts";
import { given } from "../../support/DeciderSpecification.ts";
import { golden } from "../../support/Golden.ts";

const requested = golden("AnalysisRequested");
const completed = golden("AnalysisCompleted");
const failed = golden("AnalysisFailed");
const cancelled = golden("AnalysisCancelled");
const { analysisId } = requested;
const started = (attempt: number) => ({ ...golden("AnalysisStarted"), attempt });
const released = (attempt: number) => ({ ...golden("AnalysisReleased"), attempt });
const progressed = (attempt: number, progress: number) => ({
  ...golden("AnalysisProgressed"),
  attempt,
  progress,
});

/** All attempts that an analysis has, each with its worker lost. */
const lost = Array.from({ length: attemptsAllowed }, (_, index) => started(index + 1));

type Histories = Readonly<Record<string, ReadonlyArray<AnalysisEvent>>>;
const running = [requested, started(1)];
const runningAgain = [requested, started(1), progressed(1, 0.9), started(2)];
const waiting: Histories = { queued: [requested], "given back": [...running, released(1)] };
const over: Histories = {
  completed: [...running, completed],
  failed: [...running, failed],
  cancelled: [...running, cancelled],
};

const refused = (reason: AnalysisError["reason"]) => new AnalysisError({ reason, analysisId });

const isRefusedWhenUnknown = (command: AnalysisCommand) =>
  it("is refused for an unknown analysis", () =>
    given(Analysis, []).when(command).thenError(refused("NotFound")));

const doesNothing = (command: AnalysisCommand, histories: Histories) =>
  it.each(Object.entries(histories))(
    "does nothing when it is %s",
    (_, history) => given(Analysis, history).when(command).thenNothing(),
  );

describe("RequestAnalysis", () => {
  const command: AnalysisCommand = { _tag: "RequestAnalysis", requested };

  it("records what is asked for", () => given(Analysis, []).when(command).thenEvents([requested]));

  it.each(Object.entries({ ...waiting, running, ...over }))(
    "is refused when the id belongs to one that is %s",
    (_, history) => given(Analysis, history).when(command).thenError(refused("AlreadyExists")),
  );
});

describe("StartAnalysis", () => {
  const command: AnalysisCommand = { _tag: "StartAnalysis", analysisId };
  isRefusedWhenUnknown(command);
  doesNothing(command, over);

  it("starts the first attempt of a queued one", () =>
    given(Analysis, [requested]).when(command).thenEvents([started(1)]));

  it("starts the next attempt of a running one, whose worker was lost", () =>
    given(Analysis, running).when(command).thenEvents([started(2)]));

  it("starts the last attempt that is allowed", () =>
    given(Analysis, [requested, ...lost.slice(0, -1)]).when(command).thenEvents([started(attemptsAllowed)]));

  const exhausted = (attempts: number): AnalysisEvent => ({
    _tag: "AnalysisFailed",
    analysisId,
    reason: {
      code: "ATTEMPTS_EXHAUSTED",
      detail: `The worker was lost or failed at each of ${attempts} attempts`,
      stage: "decode",
    },
  });

  it("gives up when the last attempt was lost too", () =>
    given(Analysis, [requested, ...lost]).when(command).thenEvents([exhausted(attemptsAllowed)]));

  it("has one attempt more, and only one, when one was given back", () => {
    const history = [requested, ...lost, released(attemptsAllowed)];
    given(Analysis, history).when(command).thenEvents([started(attemptsAllowed + 1)]);
    given(Analysis, [...history, started(attemptsAllowed + 1)])
      .when(command).thenEvents([exhausted(attemptsAllowed + 1)]);
  });

  it("numbers the attempts on after one that was given back", () =>
    given(Analysis, [...running, released(1)]).when(command).thenEvents([started(2)]));
});

describe("ReportAnalysisProgress", () => {
  const report = (attempt: number, progress: number): AnalysisCommand => ({
    _tag: "ReportAnalysisProgress",
    analysisId,
    attempt,
    progress,
  });
  isRefusedWhenUnknown(report(1, 0.5));
  doesNothing(report(1, 0.5), { ...waiting, ...over });

  it("records a step of a tenth or more", () => {
    given(Analysis, running).when(report(1, 0.1)).thenEvents([progressed(1, 0.1)]);
    given(Analysis, [...running, progressed(1, 0.2)]).when(report(1, 0.3)).thenEvents([progressed(1, 0.3)]);
    given(Analysis, [...running, progressed(1, 0.2)]).when(report(1, 1)).thenEvents([progressed(1, 1)]);
  });

  it("does nothing for less than a tenth, for no progress and for a step back", () => {
    for (const progress of [0, 0.1, 0.4, 0.49]) {
      given(Analysis, [...running, progressed(1, 0.4)]).when(report(1, progress)).thenNothing();
    }
  });

  it("begins at zero in each attempt", () =>
    given(Analysis, runningAgain).when(report(2, 0.1)).thenEvents([progressed(2, 0.1)]));

  it("does nothing for an attempt that is not the current one", () => {
    given(Analysis, runningAgain).when(report(1, 0.95)).thenNothing();
    given(Analysis, runningAgain).when(report(3, 0.95)).thenNothing();
  });
});

describe("CompleteAnalysis", () => {
  const command: AnalysisCommand = { _tag: "CompleteAnalysis", analysisId, report: completed.report };
  isRefusedWhenUnknown(command);
  doesNothing(command, { ...waiting, ...over });

  it.each(Object.entries({ running, "running another attempt": runningAgain }))(
    "completes one that is %s",
    (_, history) => given(Analysis, history).when(command).thenEvents([completed]),
  );
});

describe("FailAnalysis", () => {
  const fail = (attempt: number): AnalysisCommand => ({
    _tag: "FailAnalysis",
    analysisId,
    attempt,
    reason: failed.reason,
  });
  isRefusedWhenUnknown(fail(1));
  doesNothing(fail(1), { ...waiting, ...over, "running another attempt": runningAgain });

  it("fails the running attempt, and the analysis with it", () =>
    given(Analysis, running).when(fail(1)).thenEvents([failed]));
});

describe("ReleaseAnalysis", () => {
  const release = (attempt: number): AnalysisCommand => ({ _tag: "ReleaseAnalysis", analysisId, attempt });
  isRefusedWhenUnknown(release(1));
  doesNothing(release(1), { ...waiting, ...over, "running another attempt": runningAgain });

  it("gives the running attempt back", () =>
    given(Analysis, runningAgain).when(release(2)).thenEvents([released(2)]));
});

describe("CancelAnalysis", () => {
  const command: AnalysisCommand = { _tag: "CancelAnalysis", analysisId };
  isRefusedWhenUnknown(command);
  doesNothing(command, { cancelled: [...running, cancelled] });

  it.each(Object.entries({ ...waiting, running }))(
    "cancels one that is %s",
    (_, history) => given(Analysis, history).when(command).thenEvents([cancelled]),
  );

  it.each(Object.entries({ completed, failed }))(
    "is refused when it is %s",
    (_, end) => given(Analysis, [...running, end]).when(command).thenError(refused("AlreadyFinished")),
  );
});

describe("a history without its beginning", () => {
  it.each([started(1), progressed(1, 0.5), completed, failed, cancelled, released(1)])(
    "is no analysis: $_tag alone",
    (event) =>
      given(Analysis, [event]).when({ _tag: "StartAnalysis", analysisId }).thenError(refused("NotFound")),
  );
});
