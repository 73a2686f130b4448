import { describe, it } from "@effect/vitest";
import {
  Conversion,
  type ConversionCommand,
  ConversionError,
  type ConversionEvent,
} from "../../../domain/conversion/Conversion.ts";
import { attemptsAllowed } from "../../../domain/Job.ts";
import { given } from "../../support/DeciderSpecification.ts";
import { golden } from "../../support/Golden.ts";

const requested = golden("ConversionRequested");
const completed = golden("ConversionCompleted");
const failed = golden("ConversionFailed");
const cancelled = golden("ConversionCancelled");
const retried = golden("ConversionRetried");
const { conversionId } = requested;
const started = (attempt: number) => ({ ...golden("ConversionStarted"), attempt });
const released = (attempt: number) => ({ ...golden("ConversionReleased"), attempt });
const progressed = (attempt: number, progress: number) => ({
  ...golden("ConversionProgressed"),
  attempt,
  progress,
});

/** All attempts that a conversion has, each with its worker lost. */
const lost = Array.from({ length: attemptsAllowed }, (_, index) => started(index + 1));

type Histories = Readonly<Record<string, ReadonlyArray<ConversionEvent>>>;
const running = [requested, started(1)];
const runningAgain = [requested, started(1), progressed(1, 0.9), started(2)];
const waiting: Histories = {
  queued: [requested],
  "given back": [...running, released(1)],
  "queued again": [...running, failed, retried],
};
const over: Histories = {
  completed: [...running, completed],
  failed: [...running, failed],
  cancelled: [...running, cancelled],
};

const refused = (reason: ConversionError["reason"]) => new ConversionError({ reason, conversionId });

const isRefusedWhenUnknown = (command: ConversionCommand) =>
  it("is refused for an unknown conversion", () =>
    given(Conversion, []).when(command).thenError(refused("NotFound")));

const doesNothing = (command: ConversionCommand, histories: Histories) =>
  it.each(Object.entries(histories))(
    "does nothing when it is %s",
    (_, history) => given(Conversion, history).when(command).thenNothing(),
  );

describe("RequestConversion", () => {
  const command: ConversionCommand = { _tag: "RequestConversion", requested };

  it("records what is asked for", () => given(Conversion, []).when(command).thenEvents([requested]));

  it.each(Object.entries({ ...waiting, running, ...over }))(
    "is refused when the id belongs to one that is %s",
    (_, history) => given(Conversion, history).when(command).thenError(refused("AlreadyExists")),
  );
});

describe("StartConversion", () => {
  const command: ConversionCommand = { _tag: "StartConversion", conversionId };
  isRefusedWhenUnknown(command);
  doesNothing(command, over);

  it("starts the first attempt of a queued one", () =>
    given(Conversion, [requested]).when(command).thenEvents([started(1)]));

  it("starts the next attempt of a running one, whose worker was lost", () =>
    given(Conversion, running).when(command).thenEvents([started(2)]));

  it("starts the last attempt that is allowed", () =>
    given(Conversion, [requested, ...lost.slice(0, -1)]).when(command).thenEvents([
      started(attemptsAllowed),
    ]));

  const exhausted = (attempts: number): ConversionEvent => ({
    _tag: "ConversionFailed",
    conversionId,
    reason: {
      code: "ATTEMPTS_EXHAUSTED",
      detail: `The worker was lost or failed at each of ${attempts} attempts`,
      stage: "encode",
    },
  });

  it("gives up when the last attempt was lost too", () =>
    given(Conversion, [requested, ...lost]).when(command).thenEvents([exhausted(attemptsAllowed)]));

  it("has one attempt more, and only one, when one was given back", () => {
    const history = [requested, ...lost, released(attemptsAllowed)];
    given(Conversion, history).when(command).thenEvents([started(attemptsAllowed + 1)]);
    given(Conversion, [...history, started(attemptsAllowed + 1)])
      .when(command).thenEvents([exhausted(attemptsAllowed + 1)]);
  });

  it("numbers the attempts on after one that was given back", () =>
    given(Conversion, [...running, released(1)]).when(command).thenEvents([started(2)]));

  it("has all attempts anew when it was asked for again", () => {
    given(Conversion, [...running, failed, retried]).when(command).thenEvents([started(2)]);
    given(Conversion, [requested, ...lost, failed, retried])
      .when(command).thenEvents([started(attemptsAllowed + 1)]);
  });
});

describe("ReportConversionProgress", () => {
  const report = (attempt: number, progress: number): ConversionCommand => ({
    _tag: "ReportConversionProgress",
    conversionId,
    attempt,
    progress,
  });
  isRefusedWhenUnknown(report(1, 0.5));
  doesNothing(report(1, 0.5), { ...waiting, ...over });

  it("records a step of a tenth or more", () => {
    given(Conversion, running).when(report(1, 0.1)).thenEvents([progressed(1, 0.1)]);
    given(Conversion, [...running, progressed(1, 0.2)]).when(report(1, 0.3)).thenEvents([progressed(1, 0.3)]);
    given(Conversion, [...running, progressed(1, 0.2)]).when(report(1, 1)).thenEvents([progressed(1, 1)]);
  });

  it("does nothing for less than a tenth, for no progress and for a step back", () => {
    for (const progress of [0, 0.1, 0.4, 0.49]) {
      given(Conversion, [...running, progressed(1, 0.4)]).when(report(1, progress)).thenNothing();
    }
  });

  it("begins at zero in each attempt", () =>
    given(Conversion, runningAgain).when(report(2, 0.1)).thenEvents([progressed(2, 0.1)]));

  it("does nothing for an attempt that is not the current one", () => {
    given(Conversion, runningAgain).when(report(1, 0.95)).thenNothing();
    given(Conversion, runningAgain).when(report(3, 0.95)).thenNothing();
  });
});

describe("CompleteConversion", () => {
  const command: ConversionCommand = {
    _tag: "CompleteConversion",
    conversionId,
    outputs: completed.outputs,
    failed: completed.failed,
    encoder: completed.encoder,
  };
  isRefusedWhenUnknown(command);
  doesNothing(command, { ...waiting, ...over });

  it.each(Object.entries({ running, "running another attempt": runningAgain }))(
    "completes one that is %s",
    (_, history) => given(Conversion, history).when(command).thenEvents([completed]),
  );
});

describe("FailConversion", () => {
  const fail = (attempt: number): ConversionCommand => ({
    _tag: "FailConversion",
    conversionId,
    attempt,
    reason: failed.reason,
  });
  isRefusedWhenUnknown(fail(1));
  doesNothing(fail(1), { ...waiting, ...over, "running another attempt": runningAgain });

  it("fails the running attempt, and the conversion with it", () =>
    given(Conversion, running).when(fail(1)).thenEvents([failed]));
});

describe("ReleaseConversion", () => {
  const release = (attempt: number): ConversionCommand => ({
    _tag: "ReleaseConversion",
    conversionId,
    attempt,
  });
  isRefusedWhenUnknown(release(1));
  doesNothing(release(1), { ...waiting, ...over, "running another attempt": runningAgain });

  it("gives the running attempt back", () =>
    given(Conversion, runningAgain).when(release(2)).thenEvents([released(2)]));
});

describe("CancelConversion", () => {
  const command: ConversionCommand = { _tag: "CancelConversion", conversionId };
  isRefusedWhenUnknown(command);
  doesNothing(command, { cancelled: [...running, cancelled] });

  it.each(Object.entries({ ...waiting, running }))(
    "cancels one that is %s",
    (_, history) => given(Conversion, history).when(command).thenEvents([cancelled]),
  );

  it.each(Object.entries({ completed, failed }))(
    "is refused when it is %s",
    (_, end) => given(Conversion, [...running, end]).when(command).thenError(refused("AlreadyFinished")),
  );
});

describe("RetryConversion", () => {
  const command: ConversionCommand = { _tag: "RetryConversion", conversionId };
  isRefusedWhenUnknown(command);

  it.each(Object.entries({ failed, cancelled }))(
    "queues one that %s again",
    (_, end) => given(Conversion, [...running, end]).when(command).thenEvents([retried]),
  );

  it.each(Object.entries({ ...waiting, running }))(
    "is refused while it is %s",
    (_, history) => given(Conversion, history).when(command).thenError(refused("StillActive")),
  );

  it("is refused when it is completed", () =>
    given(Conversion, [...running, completed]).when(command).thenError(refused("AlreadyFinished")));
});

describe("a history without its beginning", () => {
  it.each([started(1), progressed(1, 0.5), completed, failed, cancelled, released(1), retried])(
    "is no conversion: $_tag alone",
    (event) =>
      given(Conversion, [event]).when({ _tag: "StartConversion", conversionId }).thenError(
        refused("NotFound"),
      ),
  );
});
