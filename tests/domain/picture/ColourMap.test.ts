import { assert, describe, it } from "@effect/vitest";
import { fromHex, hexColour, over } from "../../../domain/picture/Colour.ts";
import { heatMap } from "../../../domain/picture/ColourMap.ts";

/** Relative luminance (WCAG 2). */
const luminance = ([red, green, blue]: ReadonlyArray<number>) => {
  const linear = (part = 0) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
};

describe("the heat map", () => {
  it("has 256 colours that a screen can show, each lighter than the one before", () => {
    assert.lengthOf(heatMap, 256);
    for (const part of heatMap.flat()) assert.isTrue(part >= 0 && part <= 1, `${part}`);
    const lightness = heatMap.map(luminance);
    for (let i = 1; i < 256; i++) assert.isAbove(lightness[i]!, lightness[i - 1]!, `${i}`);
    assert.isBelow(lightness[0]!, 0.01);
    assert.isAbove(lightness[255]!, 0.8);
  });

  it("has no sudden change", () => {
    for (let i = 1; i < 256; i++) {
      heatMap[i]!.forEach((part, at) => assert.approximately(part, heatMap[i - 1]![at]!, 0.05, `${i}`));
    }
  });
});

describe("a colour", () => {
  it("is read from six or eight hexadecimal digits", () => {
    assert.deepStrictEqual(fromHex("ff0080"), [1, 0, 128 / 255, 1]);
    assert.deepStrictEqual(fromHex("00FF0033"), [0, 1, 0, 0.2]);
    for (const text of ["", "fff", "ff00800", "#ff0080", "gg0000"]) assert.notMatch(text, hexColour);
  });

  it("is mixed with what lies below it, by its opacity", () => {
    assert.deepStrictEqual(over([1, 0, 0, 0.5], [0, 0, 1, 1]), [0.5, 0, 0.5, 1]);
    assert.deepStrictEqual(over([1, 0, 0, 0.5], [0, 0, 0, 0]), [1, 0, 0, 0.5]);
    assert.deepStrictEqual(over([1, 0, 0, 0], [0, 0, 0, 0]), [0, 0, 0, 0]);
  });
});
