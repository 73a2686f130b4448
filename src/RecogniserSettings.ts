import { Redacted } from "effect";
import { resolve } from "node:path";

/** Which recogniser of speech is used, and the language to be recognised; `null`: it finds out. */
export type RecogniserSettings =
  | { readonly _tag: "Whisper"; readonly model: string; readonly language: string | null }
  | {
    readonly _tag: "OpenAi";
    readonly url: string;
    readonly model: string;
    readonly key: Redacted.Redacted | null;
    readonly language: string | null;
  }
  | { readonly _tag: "PocketSphinx" };

/** The settings of the environment from which those of the recogniser are read. */
interface Given {
  readonly TAPEDECK_RECOGNISER?: string;
  readonly TAPEDECK_RECOGNISER_KEY?: string;
  readonly TAPEDECK_RECOGNISER_LANGUAGE?: string;
}

/** Reads the settings of the recogniser; `null` where none is wanted, or the setting is wrong. */
export const readRecogniser = (
  {
    TAPEDECK_RECOGNISER: chosen = "",
    TAPEDECK_RECOGNISER_KEY: key,
    TAPEDECK_RECOGNISER_LANGUAGE: wanted,
  }: Given,
): RecogniserSettings | null => {
  const language = wanted ?? null;
  const [, kind, rest = ""] = /^(\w+)(?::(.+))?$/.exec(chosen) ?? [];
  if (kind === "pocketsphinx" && rest === "") return { _tag: "PocketSphinx" };
  if (kind === "whisper" && rest !== "") return { _tag: "Whisper", model: resolve(rest), language };
  if (kind !== "openai" || !URL.canParse(rest)) return null;
  const { protocol, username, password, origin, pathname, searchParams, hash } = new URL(rest);
  const [model = "", ...others] = searchParams.getAll("model");
  const isWhole = /^https?:$/.test(protocol) && username + password + hash === "" && model !== "" &&
    others.length === 0 && searchParams.size === 1;
  return isWhole
    ? {
      _tag: "OpenAi",
      url: origin + pathname.replace(/\/+$/, ""),
      model,
      key: key === undefined ? null : Redacted.make(key),
      language,
    }
    : null;
};
