/** The longest URL that is fetched, in characters. */
const maxLength = 2_048;

/**
 * Reads a URL, relative to a base if one is given; `null` for one that is not fetched whatever it leads to: it is no URL, too long, not
 * of HTTP, has credentials in it, or a port that belongs to another protocol, as those below 1024 do but for 80 and 443.
 */
export const readUrl = (text: string, base?: URL): URL | null => {
  const url = text.length > maxLength ? null : URL.parse(text, base);
  if (url === null || url.href.length > maxLength) return null;
  const isHttp = url.protocol === "http:" || url.protocol === "https:";
  const isBare = url.username === "" && url.password === "";
  // The port of the scheme is left out by the parser.
  const hasPort = ["", "80", "443"].includes(url.port) || Number(url.port) >= 1_024;
  return isHttp && isBare && hasPort ? url : null;
};

/** The URL as it may be logged: its query can hold a signature. */
export const shownUrl = ({ origin, pathname }: URL): string => origin + pathname;

/** The host without the brackets of IPv6. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "");
