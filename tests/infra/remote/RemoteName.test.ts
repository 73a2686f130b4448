import { assert, describe, it } from "@effect/vitest";
import { Buffer } from "node:buffer";
import { remoteName } from "../../../infra/remote/RemoteName.ts";

const url = new URL("https://a.example/music/a%20s%C3%B6ng.wav?name=other");

describe("the name of a file of another server", () => {
  it.each([
    ["of the token", "attachment; filename=x.wav", "x.wav"],
    ["of the quoted string", 'inline; filename="x; \\"y\\".wav"', 'x; "y".wav'],
    ["of UTF-8 as it is", `attachment; filename="${Buffer.from("söng.wav").toString("latin1")}"`, "söng.wav"],
    ["of the extended form", "attachment; filename=\"x.wav\"; filename*=UTF-8''s%c3%b6ng.wav", "söng.wav"],
    ["of the extended form with a language", "attachment;FileName*=utf-8'de'x.wav", "x.wav"],
    ["of the path for another character set", "attachment; filename*=ISO-8859-1''x.wav", "a söng.wav"],
    ["of the path where the header has none", "attachment", "a söng.wav"],
    ["of the path without the header", undefined, "a söng.wav"],
  ])("is that %s", (_, disposition, name) => {
    assert.strictEqual(remoteName(disposition, url), name);
  });

  it.each([["/", ""], ["/x/", ""], ["/%ff.wav", "%ff.wav"], ["/a/..%2F..%2Fb", "../../b"]])(
    "is the last segment of the path %s, as it is",
    (path, name) => assert.strictEqual(remoteName(undefined, new URL(path, url)), name),
  );
});
