import { createHash } from "node:crypto";
import type { Json } from "./RunningService.ts";

/** The lines of an exported log as objects, without their hashes. */
export const unsealed = (text: string): Array<Json> =>
  text.trimEnd().split("\n").map((line) => {
    const { sha256: _sha256, ...rest } = JSON.parse(line);
    return rest;
  });

/** A file of such lines whose chain of hashes is right, whatever the lines say: as somebody would make it who knows the format. */
export const sealed = (lines: ReadonlyArray<object>): string => {
  let hash = "";
  return lines.map((line) => {
    const body = JSON.stringify(line).slice(0, -1);
    hash = createHash("sha256").update(hash).update(body).digest("hex");
    return `${body},"sha256":"${hash}"}\n`;
  }).join("");
};
