import { assert, describe, it } from "@effect/vitest";
import { hostOf, readUrl, shownUrl } from "../../../infra/remote/RemoteUrl.ts";

const long = (length: number) => "http://a.example/".padEnd(length, "x");

describe("a URL", () => {
  it.each([
    ["http://a.example/x.wav", "a.example"],
    ["HTTPS://A.example:443/x.wav", "a.example"],
    ["https://a.example:80/", "a.example"],
    ["http://a.example:1024/", "a.example"],
    ["http://a.example:65535/", "a.example"],
    ["http://2130706433/", "127.0.0.1"],
    ["http://0x7f.1/", "127.0.0.1"],
    ["http://0177.0.0.1/", "127.0.0.1"],
    ["http://127.1/", "127.0.0.1"],
    ["http://１２７.0.0.1/", "127.0.0.1"],
    ["http://127.0.0.1./", "127.0.0.1"],
    ["http://[::ffff:127.0.0.1]/", "::ffff:7f00:1"],
    ["http://[0:0::1]/", "::1"],
    ["http://localhost./", "localhost."],
    ["http:\\\\127.0.0.1\\x", "127.0.0.1"],
    [long(2_048), "a.example"],
  ])("is read as what it is: %s", (text, host) => {
    const url = readUrl(text);
    assert.strictEqual(url && hostOf(url), host);
  });

  it.each([
    "",
    "a.example/x.wav",
    "//a.example/x.wav",
    "ftp://a.example/x.wav",
    "file:///etc/passwd",
    "data:audio/wav;base64,UklGRg==",
    "blob:http://a.example/1",
    "gopher://a.example/",
    "http://",
    "http://user@a.example/",
    "http://:password@a.example/",
    "http://a.example:0/",
    "http://a.example:22/",
    "http://a.example:1023/",
    "http://a.example:65536/",
    "http://a.example:http/",
    "http://[fe80::1%25eth0]/",
    "http://256.256.256.256/",
    "concat:http://a.example/x|http://a.example/y",
    long(2_049),
    `http://a.example/${"ä".repeat(1_000)}`,
  ])("is not fetched: %s", (text) => assert.isNull(readUrl(text)));

  it("may be relative to another one, whose rules it must keep", () => {
    const base = new URL("https://a.example/one/two?three");
    assert.strictEqual(readUrl("../four", base)?.href, "https://a.example/four");
    assert.strictEqual(readUrl("//b.example", base)?.href, "https://b.example/");
    assert.isNull(readUrl("//user@b.example", base));
    assert.isNull(readUrl("file:///etc/passwd", base));
  });

  it("is shown without its query", () => {
    assert.strictEqual(
      shownUrl(new URL("https://a.example:8443/x?signature=hush#hush")),
      "https://a.example:8443/x",
    );
  });
});
