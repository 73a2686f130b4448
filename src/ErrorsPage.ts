/** The page of error codes in `docs/`, which `deno task docs` writes. */
import { writeFile } from "node:fs/promises";
import { catalogue } from "../domain/ErrorCode.ts";

/** The page of error codes, as Markdown. */
export const errorsPage = (): string => {
  const rows = Object.entries(catalogue).map(([code, { status, retryable, title, advice }]) =>
    `| \`${code}\` | ${status} | ${retryable ? "yes" : "no"} | ${title} | ${advice} |`
  );
  return `<!-- Written by \`deno task docs\` from domain/ErrorCode.ts. -->

# Error codes

Every error is an \`application/problem+json\` document (RFC 9457) with \`type\`, \`title\`, \`status\`, \`code\`, \`detail\`,
\`retryable\` and \`traceId\`, and, where they apply, \`field\` and \`stage\`. The same codes are the \`rejection.code\` of an upload and the
\`error.code\` of a job.

| code | status | retryable | meaning | what to do |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
};

if (import.meta.main) await writeFile(new URL("../docs/errors.md", import.meta.url), errorsPage());
