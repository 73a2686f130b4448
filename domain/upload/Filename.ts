/** The longest file name that is kept, in characters. */
const maxLength = 255;

/**
 * A client's name for a file, made harmless for display and headers: the last path segment, without control and
 * text-direction characters, cut to 255 characters; `audio` when nothing is left. It never becomes part of a path.
 */
export const cleanFilename = (name: string): string => {
  const segment = name.split(/[/\\]/).at(-1) ?? "";
  const visible = segment.replace(/[\p{Cc}\p{Cs}\p{Bidi_Control}]/gu, "").trim();
  return Array.from(visible).slice(0, maxLength).join("") || "audio";
};

/** A file name as headers and URLs have it: percent-encoded, or the bytes of its UTF-8 form, of which each is one character. */
export const decodeFilename = (text: string): string => {
  try {
    return text.includes("%")
      ? decodeURIComponent(text)
      : new TextDecoder().decode(Uint8Array.from(text, (byte) => byte.charCodeAt(0)));
  } catch {
    return text;
  }
};
