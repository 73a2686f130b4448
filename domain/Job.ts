import { Schema } from "effect";
import type { Failure } from "./ErrorCode.ts";

/** Where a unit of background work stands. */
export const JobStatus = Schema.Literals(["queued", "running", "completed", "failed", "cancelled"]);
export type JobStatus = typeof JobStatus.Type;

/** The part of a state that conversions, analyses and cleanups have in common. */
export interface Job {
  readonly status: JobStatus;
  /** The number of the current or last attempt; 0 before the first. */
  readonly attempt: number;
  /** The last attempt that is made without somebody asking for more. */
  readonly lastAttempt: number;
  /** The last recorded share of the work that is done, 0 to 1. */
  readonly progress: number;
}

/** How often a job is attempted before it fails for good. */
export const attemptsAllowed = 10;

/** A share of the work: 0 to 1. */
export const Progress = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }));

/** The number of an attempt, from 1. */
export const Attempt = Schema.Int.check(Schema.isGreaterThan(0));

/** A job that has just been asked for. */
export const queued: Job = { status: "queued", attempt: 0, lastAttempt: attemptsAllowed, progress: 0 };

/** The job, running its given attempt from the beginning. */
export const started = (job: Job, attempt: number): Job => ({
  ...job,
  status: "running",
  attempt,
  progress: 0,
});

/** The job with a finished status. */
export const finished = (job: Job, status: "completed" | "failed" | "cancelled"): Job => ({ ...job, status });

/** The job asked for once more, with a fresh allowance of attempts. */
export const requeued = (job: Job): Job => ({
  ...job,
  status: "queued",
  lastAttempt: job.attempt + attemptsAllowed,
  progress: 0,
});

/** The job given back by a worker that is shutting down: the attempt does not count. */
export const released = (job: Job): Job => ({
  ...job,
  status: "queued",
  lastAttempt: job.lastAttempt + 1,
  progress: 0,
});

/** Whether the job has work left: it is queued or running. */
export const isActive = ({ status }: Pick<Job, "status">): boolean =>
  status === "queued" || status === "running";

/**
 * What a worker that picks the job up may do: `start` an attempt (a job found running was dropped by another worker),
 * give up because the attempts are `exhausted`, or `ignore` a job that is over.
 */
export const pickUp = (job: Job): "start" | "exhausted" | "ignore" =>
  !isActive(job) ? "ignore" : job.attempt >= job.lastAttempt ? "exhausted" : "start";

/** Whether a report comes from the attempt that is running now, and not from one that was given up. */
export const isCurrent = (job: Job, attempt: number): boolean =>
  job.status === "running" && job.attempt === attempt;

/** Whether progress moved far enough to be worth an event: a tenth of the whole, so at most ten for each attempt. */
export const isStep = (job: Job, attempt: number, progress: number): boolean =>
  isCurrent(job, attempt) && progress - job.progress >= 0.1 - Number.EPSILON;

/** The reason that a job keeps when its attempts are used up. */
export const exhausted = (job: Job, stage: Failure["stage"]): Failure => ({
  code: "ATTEMPTS_EXHAUSTED",
  detail: `The worker was lost or failed at each of ${job.attempt} attempts`,
  stage,
});
