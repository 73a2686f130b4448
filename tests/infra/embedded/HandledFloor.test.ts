import { assert, describe, it } from "@effect/vitest";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { HandledFloor } from "../../../infra/embedded/HandledFloor.ts";

const at = (position: number) => Position.make(position);

describe("HandledFloor", () => {
  it("starts where it is told, and follows positions that nobody has to handle", () => {
    const floor = new HandledFloor(at(7));
    assert.strictEqual(floor.floor, 7);
    floor.see(at(8), false);
    floor.see(at(9), false);
    assert.strictEqual(floor.floor, 9);
  });

  it("stays below the oldest open position, whatever is handled after it", () => {
    const floor = new HandledFloor(at(0));
    for (const position of [1, 2, 3, 4, 5]) floor.see(at(position), position !== 4);
    const floors = [5, 2, 1, 3].map((position) => {
      floor.close(at(position));
      return floor.floor;
    });
    assert.deepStrictEqual(floors, [0, 0, 2, 5].map(at));
  });
});
