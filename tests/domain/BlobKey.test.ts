import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import * as BlobKey from "../../domain/BlobKey.ts";
import { AnalysisId, ConversionId, TenantId, UploadId, UserId } from "../../domain/Id.ts";
import { OutputFormat } from "../../domain/media/OutputFormat.ts";
import { OutputName } from "../../domain/media/OutputSpec.ts";
import { golden } from "../support/Golden.ts";

const tenant = Schema.decodeSync(TenantId);
const user = Schema.decodeSync(UserId);
const Owner = Schema.Struct({ tenantId: TenantId, userId: UserId, uploadId: UploadId });
const { uploadId } = golden("UploadReceived");
const { conversionId } = golden("ConversionRequested");
const { analysisId } = golden("AnalysisRequested");
const owner: BlobKey.Owner = { tenantId: tenant("acme"), userId: user("user-1842"), uploadId };

const isKey = Schema.is(BlobKey.BlobKey);

describe("the key of an original", () => {
  it.each([
    ["Interview.wav", "wav"],
    ["LOUD.MP3", "mp3"],
    ["archive.tar.flac", "flac"],
    [".m4a", "m4a"],
    ["no extension", "bin"],
    ["trailing dot.", "bin"],
    ["", "bin"],
    ["page.html", "bin"],
    ["a.constructor", "bin"],
    ["a.mp3 ", "bin"],
    ["a.mp3\0", "bin"],
    ["../../etc/passwd", "bin"],
    ["a.mp3/../../b", "bin"],
    ["..\\..\\a.ogg", "ogg"],
  ])("of a file called %j ends in .%s", (filename, extension) => {
    const key: string = BlobKey.original(owner, filename);
    assert.strictEqual(key, `acme/user-1842/audio/${uploadId}/original.${extension}`);
  });

  it.prop(
    "never has anything else of the client's file name",
    [Owner, Schema.String],
    ([owner, filename]) => {
      const key = BlobKey.original(owner, filename);
      assert.match(key.slice(BlobKey.prefix(owner).length), /^original\.[a-z0-9]{2,4}$/);
      assert.strictEqual(BlobKey.original(owner, `${filename}.wav`), `${BlobKey.prefix(owner)}original.wav`);
    },
  );
});

describe("every key of an upload", () => {
  it("is where other parts of the service, and operators, look for it", () => {
    const keys: ReadonlyArray<string> = [
      BlobKey.rendition(owner, conversionId, { name: "podcast", format: "m4a" }),
      BlobKey.renditionFile(owner, conversionId, { name: "hls" }, "64k-1.m4s"),
      BlobKey.cover(owner, conversionId, { mediaType: "image/png", width: 1, height: 1 }),
      BlobKey.cover(owner, conversionId, { mediaType: "image/jpeg", width: 1, height: 1 }),
      BlobKey.waveform(owner, analysisId),
      BlobKey.waveformRms(owner, analysisId),
      BlobKey.waveformChannels(owner, analysisId),
      BlobKey.curves(owner, analysisId),
      BlobKey.spectrogram(owner, analysisId),
    ];
    assert.deepStrictEqual(keys, [
      `acme/user-1842/audio/${uploadId}/renditions/${conversionId}/podcast.m4a`,
      `acme/user-1842/audio/${uploadId}/renditions/${conversionId}/hls/64k-1.m4s`,
      `acme/user-1842/audio/${uploadId}/covers/${conversionId}.png`,
      `acme/user-1842/audio/${uploadId}/covers/${conversionId}.jpg`,
      `acme/user-1842/audio/${uploadId}/analysis/${analysisId}/waveform.dat`,
      `acme/user-1842/audio/${uploadId}/analysis/${analysisId}/waveform.rms`,
      `acme/user-1842/audio/${uploadId}/analysis/${analysisId}/waveform-channels.dat`,
      `acme/user-1842/audio/${uploadId}/analysis/${analysisId}/curves.json`,
      `acme/user-1842/audio/${uploadId}/analysis/${analysisId}/spectrogram.bin`,
    ]);
  });

  it.prop(
    "is safe as a path, and below the prefixes that are removed with the upload, conversion or analysis",
    [Owner, ConversionId, AnalysisId, OutputName, OutputFormat],
    ([owner, conversionId, analysisId, name, format]) => {
      const rendition = BlobKey.rendition(owner, conversionId, { name, format });
      const analysed = [BlobKey.waveform, BlobKey.waveformRms, BlobKey.curves, BlobKey.spectrogram].map((
        key,
      ) => key(owner, analysisId));
      assert.isTrue(rendition.startsWith(BlobKey.renditions(owner, conversionId)));
      for (const key of analysed) assert.isTrue(key.startsWith(BlobKey.analyses(owner, analysisId)));
      for (const key of [BlobKey.original(owner, "a.wav"), rendition, ...analysed]) {
        assert.isTrue(key.startsWith(BlobKey.prefix(owner)));
        assert.isTrue(isKey(key));
        assert.isFalse(key.split("/").some((part) => part === "" || part.startsWith(".")), key);
      }
    },
  );

  it.prop("is not below the prefix of another upload", [Owner, Owner], ([one, other]) => {
    const [prefix, otherPrefix] = [BlobKey.prefix(one), BlobKey.prefix(other)];
    if (prefix !== otherPrefix) assert.isFalse(BlobKey.original(other, "a.wav").startsWith(prefix));
  });

  it("is told apart from that of another owner whose name begins alike", () => {
    for (
      const [tenantId, userId] of [["acme", "user-18421"], ["acme2", "user-1842"], [
        "a",
        "user-1842",
      ]] as const
    ) {
      const other = { tenantId: tenant(tenantId), userId: user(userId), uploadId };
      assert.isFalse(BlobKey.original(other, "a.wav").startsWith(BlobKey.prefix(owner)));
    }
  });

  it.each([
    ["a", "b"],
    ["a..b", "c...d"],
    ["A.@-_", "u@example.com"],
    ["7".repeat(64), "8".repeat(128)],
    ["audio", "renditions"],
  ])("can be made for tenant %s and user %s", (tenantId, userId) => {
    const odd = { tenantId: tenant(tenantId), userId: user(userId), uploadId };
    const key: string = BlobKey.original(odd, "a.wav");
    assert.strictEqual(key, `${tenantId}/${userId}/audio/${uploadId}/original.wav`);
  });
});

describe("what is no key", () => {
  it.each([
    "",
    "a",
    "/a/b",
    "a/",
    "a//b",
    "a/../b",
    "../a/b",
    "a/./b",
    ".tmp/a",
    "a/.hidden",
    "a/b c",
    "a\\b/c",
    "a/b\n",
    "a/b\0",
    "a/ä",
    "a/%2e%2e/b",
    "C:/a",
  ])("%j is refused", (text) => assert.isFalse(isKey(text)));
});
