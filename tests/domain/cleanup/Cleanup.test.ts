import { describe, it } from "@effect/vitest";
import {
  Cleanup,
  type CleanupCommand,
  CleanupError,
  type CleanupEvent,
} from "../../../domain/cleanup/Cleanup.ts";
import { attemptsAllowed } from "../../../domain/Job.ts";
import { given } from "../../support/DeciderSpecification.ts";
import { golden } from "../../support/Golden.ts";

const requested = golden("CleanupRequested");
const completed = golden("CleanupCompleted");
const failed = golden("CleanupFailed");
const retried = golden("CleanupRetried");
const { cleanupId } = requested;
const started = (attempt: number) => ({ ...golden("CleanupStarted"), attempt });

/** All attempts that a cleanup has, each with its worker lost. */
const lost = Array.from({ length: attemptsAllowed }, (_, index) => started(index + 1));

type Histories = Readonly<Record<string, ReadonlyArray<CleanupEvent>>>;
const running = [requested, started(1)];
const runningAgain = [requested, started(1), started(2)];
const waiting: Histories = { queued: [requested], "queued again": [...running, failed, retried] };
const over: Histories = { completed: [...running, completed], failed: [...running, failed] };

const refused = (reason: CleanupError["reason"]) => new CleanupError({ reason, cleanupId });

const isRefusedWhenUnknown = (command: CleanupCommand) =>
  it("is refused for an unknown cleanup", () =>
    given(Cleanup, []).when(command).thenError(refused("NotFound")));

const doesNothing = (command: CleanupCommand, histories: Histories) =>
  it.each(Object.entries(histories))(
    "does nothing when it is %s",
    (_, history) => given(Cleanup, history).when(command).thenNothing(),
  );

describe("RequestCleanup", () => {
  const command: CleanupCommand = { _tag: "RequestCleanup", requested };

  it("records what is to be removed", () => given(Cleanup, []).when(command).thenEvents([requested]));

  it.each(Object.entries({ ...waiting, running, ...over }))(
    "is refused when the id belongs to one that is %s",
    (_, history) => given(Cleanup, history).when(command).thenError(refused("AlreadyExists")),
  );
});

describe("StartCleanup", () => {
  const command: CleanupCommand = { _tag: "StartCleanup", cleanupId };
  isRefusedWhenUnknown(command);
  doesNothing(command, over);

  it("starts the first attempt of a queued one", () =>
    given(Cleanup, [requested]).when(command).thenEvents([started(1)]));

  it("starts the next attempt of a running one, whose worker was lost", () =>
    given(Cleanup, running).when(command).thenEvents([started(2)]));

  it("starts the last attempt that is allowed", () =>
    given(Cleanup, [requested, ...lost.slice(0, -1)]).when(command).thenEvents([started(attemptsAllowed)]));

  it("gives up when the last attempt was lost too", () =>
    given(Cleanup, [requested, ...lost]).when(command).thenEvents([{
      _tag: "CleanupFailed",
      cleanupId,
      reason: {
        code: "ATTEMPTS_EXHAUSTED",
        detail: `The worker was lost or failed at each of ${attemptsAllowed} attempts`,
        stage: "cleanup",
      },
    }]));

  it("has all attempts anew when it was asked for again", () => {
    given(Cleanup, [...running, failed, retried]).when(command).thenEvents([started(2)]);
    given(Cleanup, [requested, ...lost, failed, retried])
      .when(command).thenEvents([started(attemptsAllowed + 1)]);
  });
});

describe("CompleteCleanup", () => {
  const { objects, bytes } = completed;
  const command: CleanupCommand = { _tag: "CompleteCleanup", cleanupId, objects, bytes };
  isRefusedWhenUnknown(command);
  doesNothing(command, { ...waiting, ...over });

  it.each(Object.entries({ running, "running another attempt": runningAgain }))(
    "completes one that is %s",
    (_, history) => given(Cleanup, history).when(command).thenEvents([completed]),
  );
});

describe("FailCleanup", () => {
  const fail = (attempt: number): CleanupCommand => ({
    _tag: "FailCleanup",
    cleanupId,
    attempt,
    reason: failed.reason,
  });
  isRefusedWhenUnknown(fail(1));
  doesNothing(fail(1), { ...waiting, ...over, "running another attempt": runningAgain });

  it("fails the running attempt, and the cleanup with it", () =>
    given(Cleanup, running).when(fail(1)).thenEvents([failed]));
});

describe("RetryCleanup", () => {
  const command: CleanupCommand = { _tag: "RetryCleanup", cleanupId };
  isRefusedWhenUnknown(command);

  it("queues one that failed again", () =>
    given(Cleanup, [...running, failed]).when(command).thenEvents([retried]));

  it.each(Object.entries({ ...waiting, running, completed: [...running, completed] }))(
    "is refused when it is %s",
    (_, history) => given(Cleanup, history).when(command).thenError(refused("NotFailed")),
  );
});

describe("a history without its beginning", () => {
  it.each([started(1), completed, failed, retried])(
    "is no cleanup: $_tag alone",
    (event) =>
      given(Cleanup, [event]).when({ _tag: "StartCleanup", cleanupId }).thenError(refused("NotFound")),
  );
});
