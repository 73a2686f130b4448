import { assert, describe, it } from "@effect/vitest";
import type { Picture } from "../../../domain/picture/Picture.ts";
import { encodePng } from "../../../infra/picture/Png.ts";
import { pixelsOf } from "../../support/Pixels.ts";

const picture: Picture = {
  width: 3,
  height: 2,
  palette: [[0, 0, 0, 0], [1, 0, 0, 1], [0, 0.5, 1, 0.2]],
  pixels: Uint8Array.of(0, 1, 2, 2, 1, 0),
};

describe("a picture as PNG", () => {
  it("is read by other programs with the same colours and opacity", async () => {
    const clear = [0, 0, 0, 0], red = [255, 0, 0, 255], blue = [0, 128, 255, 51];
    assert.deepStrictEqual(pixelsOf(await encodePng(picture)), {
      width: 3,
      height: 2,
      pixels: [clear, red, blue, blue, red, clear],
    });
  });

  it("may be large", async () => {
    const width = 1_000, height = 700;
    const pixels = Uint8Array.from({ length: width * height }, (_, i) => i * i % 3);
    const read = pixelsOf(await encodePng({ ...picture, width, height, pixels }));
    assert.deepStrictEqual([read.width, read.height], [width, height]);
    for (const at of [0, 1, 2, 123_456, 699_999]) {
      assert.strictEqual(read.pixels[at]?.[3], [0, 255, 51][pixels[at]!]);
    }
  });
});
