import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import * as Id from "../../domain/Id.ts";
import { golden } from "../support/Golden.ts";

const Millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 48 - 1 }));
const byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }));
const RandomBytes = Schema.Array(byte).check(Schema.isMinLength(10), Schema.isMaxLength(10));

const make = (millis: number, random: ReadonlyArray<number>) =>
  Id.make("evt", millis, Uint8Array.from(random));

/** The 128-bit number that an id's digits stand for. */
const valueOf = (id: string): bigint => {
  const digits = Array.from(
    id.slice(4),
    (digit) => BigInt("0123456789abcdefghjkmnpqrstvwxyz".indexOf(digit)),
  );
  return digits.reduce((value, digit) => value * 32n + digit, 0n);
};

describe("make", () => {
  it("writes the example of RFC 9562 for version 7 in base 32", () => {
    const random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
    const id = make(0x017f22e279b0, random);
    const uuid = valueOf(id).toString(16).padStart(32, "0");
    assert.strictEqual(uuid, "017f22e279b07cc398c4dc0c0c07398f");
    assert.strictEqual(id, "evt_01fwhe4ydgfk1shh6w1g60eecf");
  });

  it.prop(
    "keeps the time, the version, the variant and 74 random bits",
    [Millis, RandomBytes],
    ([millis, random]) => {
      const value = valueOf(make(millis, random));
      const field = (bits: bigint, from: bigint) => (value >> from) & ((1n << bits) - 1n);
      const [high = 0, low = 0, ...rest] = random;
      assert.strictEqual(field(48n, 80n), BigInt(millis));
      assert.strictEqual(field(4n, 76n), 7n);
      assert.strictEqual(field(12n, 64n), BigInt(((high & 0x0f) << 8) | low));
      assert.strictEqual(field(2n, 62n), 2n);
      const tail = rest.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
      assert.strictEqual(field(62n, 0n), tail & ((1n << 62n) - 1n));
    },
  );

  it.prop(
    "makes ids that sort by time, whatever is random in them",
    [Millis, Millis, RandomBytes, RandomBytes],
    ([one, other, random, otherRandom]) => {
      const [earlier, later] = [Math.min(one, other), Math.max(one, other)];
      if (earlier < later) assert.isTrue(make(earlier, random) < make(later, otherRandom));
    },
  );

  it("tells ids of the same millisecond apart by each of their random bits", () => {
    const ids = Array.from(
      { length: 80 },
      (_, bit) =>
        make(0, Array.from({ length: 10 }, (_, index) => index === bit >> 3 ? 0x80 >> (bit & 7) : 0)),
    );
    // The upper four bits of the first byte and the upper two of the third give way to version and variant.
    assert.strictEqual(new Set(ids).size, 74 + 1);
  });

  it.each(Object.entries(Id.schemas))(
    "makes ids with the prefix %s that its schema accepts, and no other",
    (prefix, schema) => {
      for (const other of ["upl", "cnv", "anl", "cln", "evt", "cmd", "key"] as const) {
        const id = Id.make(other, Date.UTC(2026, 2, 2), new Uint8Array(10));
        assert.isTrue(id.startsWith(`${other}_`));
        assert.strictEqual(Schema.is(schema)(id), prefix === other, id);
      }
    },
  );

  it("refuses what is no id: other lengths, other digits, more than 128 bits", () => {
    const id = golden("UploadReceived").uploadId;
    assert.isTrue(Schema.is(Id.UploadId)(id));
    const wrong = [
      id.slice(0, -1),
      `${id}0`,
      id.toUpperCase(),
      `${id}\n`,
      ` ${id}`,
      "",
      "upl_",
      id.replace("_", "-"),
    ];
    const digits = ["i", "l", "o", "u", "/", "."].map((digit) => id.slice(0, -1) + digit);
    for (const text of [...wrong, ...digits, `upl_8${id.slice(5)}`]) {
      assert.isFalse(Schema.is(Id.UploadId)(text), JSON.stringify(text));
    }
  });
});

describe("derive", () => {
  it.prop("gives the event's digits another prefix, the same ones each time", [Id.EventId], ([event]) => {
    const id = Id.derive("cnv", event);
    assert.strictEqual(id, Id.derive("cnv", event));
    assert.strictEqual(id, `cnv_${event.slice("evt_".length)}`);
    assert.isTrue(Schema.is(Id.ConversionId)(id));
  });

  it("tells things of different kinds and of different events apart", () => {
    const [one, other] = [make(1, Array(10).fill(0)), make(2, Array(10).fill(0))];
    const ids = [
      Id.derive("cnv", one),
      Id.derive("anl", one),
      Id.derive("cln", one),
      Id.derive("cnv", other),
    ];
    assert.strictEqual(new Set<string>(ids).size, 4);
  });
});

describe("tenants and users", () => {
  it.each(["a", "7", "acme", "A.B", "user@example.com", "a..b", "x-", "x_", "0".repeat(64)])(
    "may be called %s",
    (name) => {
      assert.isTrue(Schema.is(Id.TenantId)(name));
      assert.isTrue(Schema.is(Id.UserId)(name));
    },
  );

  it.each([
    "",
    ".",
    "..",
    ".tmp",
    "-a",
    "_a",
    "@a",
    "a/b",
    "a\\b",
    "a b",
    "a\n",
    "a\0",
    "ä",
    "a%2f",
    "0".repeat(129),
  ])(
    "may not be called %j",
    (name) => {
      assert.isFalse(Schema.is(Id.TenantId)(name));
      assert.isFalse(Schema.is(Id.UserId)(name));
    },
  );

  it("have names of at most 64 and 128 characters", () => {
    assert.isFalse(Schema.is(Id.TenantId)("0".repeat(65)));
    assert.isTrue(Schema.is(Id.UserId)("0".repeat(128)));
  });
});
