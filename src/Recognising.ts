import { Effect, Layer } from "effect";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import * as OpenAiTranscriptions from "../infra/recogniser/OpenAiTranscriptions.ts";
import * as PocketSphinx from "../infra/recogniser/PocketSphinx.ts";
import * as WhisperCpp from "../infra/recogniser/WhisperCpp.ts";
import { ensurePocketSphinx, ensureWhisper } from "../infra/system/SystemPackages.ts";
import type { RecogniserSettings } from "./RecogniserSettings.ts";
import { SettingsError } from "./Settings.ts";

/** The adapter that the settings choose. */
export const layer = (settings: RecogniserSettings | null) => {
  switch (settings?._tag) {
    case undefined:
      return Layer.empty;
    case "Whisper":
      return WhisperCpp.layer(settings);
    case "OpenAi":
      return OpenAiTranscriptions.layer(settings);
    case "PocketSphinx":
      return PocketSphinx.layer;
  }
};

/** Makes sure of what the recogniser needs on this machine. Whether a service answers is seen when it is used. */
export const ensureRecogniser = Effect.fnUntraced(function* (settings: RecogniserSettings | null) {
  if (settings?._tag === "PocketSphinx") yield* ensurePocketSphinx;
  if (settings?._tag !== "Whisper") return;
  yield* ensureWhisper;
  yield* Effect.tryPromise({
    try: () => access(settings.model, constants.R_OK),
    catch: () =>
      new SettingsError({
        reason: "Invalid",
        variable: "TAPEDECK_RECOGNISER",
        detail:
          `there is no model that can be read at ${settings.model}; get one for whisper.cpp (ggml-….bin)`,
      }),
  });
});
