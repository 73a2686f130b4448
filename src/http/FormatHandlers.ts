import { Effect } from "effect";
import { HttpApiBuilder } from "effect/http-api";
import { OutputFormat, traits } from "../../domain/media/OutputFormat.ts";
import { MediaEngine } from "../../services/MediaEngine.ts";
import { Api } from "../api/Api.ts";

/** Answers the requests of `FormatsApi`. */
export const formatHandlers = HttpApiBuilder.group(
  Api,
  "formats",
  Effect.fnUntraced(function* (handlers) {
    const engine = yield* MediaEngine;
    const formats = OutputFormat.literals.map((format) => {
      const { isGapless: gapless, ...shown } = traits[format];
      const { encoder, missing } = engine.formats[format];
      return { format, ...shown, gapless, encoder, available: missing === null, missing };
    });
    return handlers.handle("formats", () => Effect.succeed({ formats }));
  }),
);
