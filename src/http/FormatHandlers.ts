import { Effect } from "effect";
import { HttpApiBuilder } from "effect/http-api";
import { coverFormats } from "../../domain/media/Cover.ts";
import { chapterFormats } from "../../domain/media/OutputChapters.ts";
import { OutputFormat, traits } from "../../domain/media/OutputFormat.ts";
import { outputOf, Preset, presets } from "../../domain/media/Preset.ts";
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
      const cover = coverFormats.includes(format), chapters = chapterFormats.includes(format);
      return { format, ...shown, gapless, cover, chapters, encoder, available: missing === null, missing };
    });
    const shown = Preset.literals.map((preset) => ({
      preset,
      description: presets[preset].description,
      output: outputOf(preset, (format) => engine.formats[format].missing === null),
    }));
    return handlers
      .handle("formats", () => Effect.succeed({ formats }))
      .handle("presets", () => Effect.succeed({ presets: shown }));
  }),
);
