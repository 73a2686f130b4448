import { decodeFilename } from "../../domain/upload/Filename.ts";

/**
 * The name of a file that was fetched: that of its `Content-Disposition` in one of the common forms of RFC 6266, of which the extended
 * one goes first, or else the last segment of the URL's path.
 */
export const remoteName = (disposition: string | undefined, url: URL): string => {
  const header = disposition ?? "";
  const extended = /;\s*filename\*\s*=\s*UTF-8'[\w-]*'([^\s;"]+)/i.exec(header)?.[1];
  const quoted = /;\s*filename\s*=\s*"((?:\\.|[^"\\])*)"/i.exec(header)?.[1]?.replace(/\\(.)/g, "$1");
  const token = /;\s*filename\s*=\s*([^\s;"]+)/i.exec(header)?.[1];
  const lastSegment = url.pathname.split("/").at(-1) ?? "";
  return decodeFilename(extended ?? quoted ?? token ?? lastSegment);
};
