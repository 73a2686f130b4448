const letters = Array.from("abcdefghijklmnopqrstuvwxyz");
const englishName = new Intl.DisplayNames("en", { type: "language", fallback: "none" });

/** The codes of ISO 639-1 by their languages' English names in lower case. */
const codes = new Map(
  letters.flatMap((first) =>
    letters.flatMap((second): ReadonlyArray<readonly [string, string]> => {
      const code = first + second;
      const name = englishName.of(code);
      return name === undefined ? [] : [[name.toLowerCase(), code]];
    })
  ),
);

/** The code of a language that is told by its code or, as some services do, by its English name. */
export const languageCode = (told: string): string => codes.get(told.toLowerCase()) ?? told;
