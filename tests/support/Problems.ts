import { assert } from "@effect/vitest";
import { catalogue, type ErrorCode } from "../../domain/ErrorCode.ts";
import type { Json } from "./RunningService.ts";

/** Asserts that an answer is a problem of a code, in the one shape of errors with every field; answers it. */
export const assertProblem = async (
  response: Response,
  code: ErrorCode,
  more: { readonly field?: string; readonly stage?: string } = {},
): Promise<Json> => {
  const text = await response.text();
  const { status, title, retryable } = catalogue[code];
  assert.strictEqual(response.status, status, `${response.url}: ${text}`);
  assert.strictEqual(response.headers.get("content-type"), "application/problem+json");
  const { detail, traceId, ...rest } = JSON.parse(text);
  const expected = { type: `urn:tapedeck:error:${code}`, title, status, code, retryable, ...more };
  assert.deepStrictEqual(rest, expected);
  assert.match(detail, /\S/);
  assert.match(traceId, /^[0-9a-f]{32}$/);
  return { detail, traceId, ...rest };
};
