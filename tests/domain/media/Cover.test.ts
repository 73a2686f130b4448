import { assert, describe, it } from "@effect/vitest";
import { Buffer } from "node:buffer";
import { coverBounds, coverOf } from "../../../domain/media/Cover.ts";
import { encodePng } from "../../../infra/picture/Png.ts";

/** Segments of a JPEG in front of its samples, in hexadecimal. */
const jpeg = (...segments: ReadonlyArray<string>) => Buffer.from(["ffd8", ...segments].join(""), "hex");

const application = "ffe000104a46494600010100000100010000";
const frame = (type: string, height: string, width: string) =>
  `ff${type}001108${height}${width}03012200021101031101`;

const png = async (width: number, height: number) => {
  const palette = [[0, 0, 0, 1]] as const;
  const tiny = Buffer.from(await encodePng({ width: 1, height: 1, palette, pixels: new Uint8Array(1) }));
  tiny.writeUInt32BE(width, 16);
  tiny.writeUInt32BE(height, 20);
  return tiny;
};

describe("coverOf", () => {
  it("reads the size of a PNG, wherever it lies in memory", async () => {
    const picture = await png(640, 480);
    assert.deepStrictEqual(coverOf(picture), { mediaType: "image/png", width: 640, height: 480 });
    const inside = Buffer.concat([Buffer.alloc(7), picture]).subarray(7);
    assert.strictEqual(coverOf(inside)?.width, 640);
  });

  it("reads the size of a JPEG: baseline or progressive, behind other segments, tables and fill bytes", () => {
    const expected = { mediaType: "image/jpeg", width: 0x280, height: 0x1e0 } as const;
    for (const type of ["c0", "c2", "cf"]) {
      assert.deepStrictEqual(coverOf(jpeg(application, frame(type, "01e0", "0280"))), expected);
    }
    const tables = ["ffc40004aabb", "ffcc0004ffc0", "ffc80002"];
    assert.deepStrictEqual(coverOf(jpeg(...tables, "ffffff", frame("c1", "01e0", "0280"))), expected);
  });

  it("takes a size up to 8,192 pixels each way", async () => {
    const { max } = coverBounds.pixels;
    assert.isNotNull(coverOf(await png(max, 1)));
    for (const [width, height] of [[max + 1, 1], [1, max + 1], [0, 1], [1, 0], [20_000, 20_000]] as const) {
      assert.isNull(coverOf(await png(width, height)), `${width}x${height}`);
    }
    assert.isNull(coverOf(jpeg(frame("c0", "0000", "0001"))));
    assert.isNull(coverOf(jpeg(frame("c0", "2001", "0001"))));
  });

  it("takes nothing else, whatever it begins with", async () => {
    const whole = await png(1, 1), photo = jpeg(application, frame("c0", "0001", "0001"));
    for (const end of [0, 1, 8, 32]) assert.isNull(coverOf(whole.subarray(0, end)));
    for (const end of [2, 3, 4, 20, 24]) assert.isNull(coverOf(photo.subarray(0, end)));
    assert.isNull(coverOf(jpeg(application, "ffd9")));
    assert.isNull(coverOf(jpeg("00", frame("c0", "0001", "0001"))));
    assert.isNull(coverOf(Buffer.concat([Buffer.from("GIF89a"), Buffer.alloc(100, 1)])));
    assert.isNull(coverOf(jpeg("ffe00000".repeat(10_000))));
  });
});
