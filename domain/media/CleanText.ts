/** Well-formed text without control characters, cut to so many characters. */
export const cleanText = (text: string, length: number): string =>
  Array.from(text.replace(/[\p{Cc}\p{Cs}]+/gu, " ").trim()).slice(0, length).join("");
