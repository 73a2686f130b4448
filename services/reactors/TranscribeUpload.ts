import { Effect } from "effect";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import type { Outcome } from "../../domain/signal/Part.ts";
import { type Transcript, transcriptOf } from "../../domain/transcript/Transcript.ts";
import type { MediaEngine, OnProgress } from "../MediaEngine.ts";
import { type Recogniser, unreadable } from "../Recogniser.ts";

/** The share of an analysis's time that is spent before its speech is recognised, which takes many times as long. */
export const shareBefore = 0.1;

/** What no word is shorter than; some recognisers refuse it. */
const shortestSeconds = 0.1;

/** A measured upload to recognise the speech in. */
export interface TranscribeJob {
  readonly workspace: string;
  readonly source: string;
  readonly media: MediaFacts;
  readonly measured: {
    readonly decodedSeconds: number;
    readonly signal: { readonly silent: boolean } | null;
  };
  readonly onProgress: OnProgress;
}

/**
 * Writes down what is said in an upload; `null` for silence. What goes wrong is logged, and told in a sentence: it takes nothing else with
 * it.
 */
export const transcribe = Effect.fn("transcribe")(
  function* (media: MediaEngine["Service"], recogniser: Recogniser, job: TranscribeJob) {
    const { decodedSeconds: seconds, signal } = job.measured;
    if (signal?.silent || seconds < shortestSeconds) return none;
    const path = yield* media.writeSpeech(job);
    const speech = yield* recogniser.transcribe({
      path,
      workspace: job.workspace,
      seconds,
      onProgress: (share) => job.onProgress(shareBefore + (1 - shareBefore) * share),
    });
    return yield* Effect.fromResult(transcriptOf(recogniser.name, speech, seconds)).pipe(
      Effect.mapError(unreadable),
      Effect.map((value): Outcome<Transcript | null> => ({ value, error: null })),
    );
  },
  Effect.catch((error) =>
    Effect.as(
      Effect.logWarning("The speech could not be recognised", error),
      {
        value: null,
        error: error._tag === "RecogniserError" && error.reason === "Unavailable"
          ? "The recogniser of speech could not be reached, or had no time"
          : "The speech could not be recognised",
      } satisfies Outcome<Transcript | null>,
    )
  ),
);

const none: Outcome<Transcript | null> = { value: null, error: null };
