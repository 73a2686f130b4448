import { assert, describe, it } from "@effect/vitest";
import type { ConversionCompleted } from "../../../domain/conversion/Conversion.ts";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { UserId } from "../../../domain/Id.ts";
import type { UploadReceived } from "../../../domain/upload/Upload.ts";
import { StorageUsageProjection } from "../../../services/projections/StorageUsageProjection.ts";
import {
  conversionOf,
  encoder,
  failure,
  media,
  newTenant,
  receivedBy,
  recorded,
  renderedOf,
  user,
} from "../../support/Fixtures.ts";
import { fold } from "../../support/Folding.ts";

const tenantId = newTenant();
const userKey = `${tenantId}/${user}`;

type Upload = typeof UploadReceived.Type;

const one = receivedBy(tenantId, { sizeBytes: 1_000 });
const two = receivedBy(tenantId, { sizeBytes: 20_000 });

/** A conversion of an upload that ends with outputs of these sizes. */
const completed = (
  upload: Upload,
  ...sizes: readonly [number, ...number[]]
): typeof ConversionCompleted.Type => {
  const requested = conversionOf(upload);
  const [first, ...others] = sizes;
  const output = (sizeBytes: number) => ({ ...renderedOf(tenantId, requested), sizeBytes });
  return {
    _tag: "ConversionCompleted",
    conversionId: requested.conversionId,
    outputs: [output(first), ...others.map(output)],
    failed: [],
    encoder,
  };
};

const deleted = ({ uploadId, userId }: Upload) => ({ _tag: "UploadDeleted", uploadId, userId }) as const;

/** The rows after events at the positions 1, 2, 3 …, by id. */
const rowsAfter = (...events: ReadonlyArray<DomainEvent>): object =>
  Object.fromEntries(
    fold(StorageUsageProjection, recorded(tenantId, events)).map((
      {
        id,
        tenantId: tenant,
        userId,
        uploadId,
        uploads,
        originalBytes,
        renditions,
        renditionBytes,
        position,
      },
    ) => {
      assert.deepStrictEqual([tenant, id], [tenantId, uploadId ?? `${tenant}/${userId}`]);
      return [id, { userId, uploads, originalBytes, renditions, renditionBytes, position }];
    }),
  );

const amounts = (
  uploads: number,
  originalBytes: number,
  renditions: number,
  renditionBytes: number,
  position: number,
) => ({ userId: user, uploads, originalBytes, renditions, renditionBytes, position });

describe("The view of storage usage", () => {
  it("counts the originals of each upload, and of each user", () => {
    assert.deepStrictEqual(rowsAfter(one, two), {
      [one.uploadId]: amounts(1, 1_000, 0, 0, 1),
      [two.uploadId]: amounts(1, 20_000, 0, 0, 2),
      [userKey]: amounts(2, 21_000, 0, 0, 2),
    });
  });

  it("counts every output of the conversions", () => {
    assert.deepStrictEqual(
      rowsAfter(one, two, completed(one, 7, 50), completed(two, 300), completed(one, 4_000)),
      {
        [one.uploadId]: amounts(1, 1_000, 3, 4_057, 5),
        [two.uploadId]: amounts(1, 20_000, 1, 300, 4),
        [userKey]: amounts(2, 21_000, 4, 4_357, 5),
      },
    );
  });

  it("takes everything of a deleted upload off again, and leaves what the user has besides", () => {
    assert.deepStrictEqual(rowsAfter(one, two, completed(one, 7, 50), completed(two, 300), deleted(one)), {
      [two.uploadId]: amounts(1, 20_000, 1, 300, 4),
      [userKey]: amounts(1, 20_000, 1, 300, 5),
    });
    assert.deepStrictEqual(rowsAfter(one, completed(one, 7), deleted(one)), {
      [userKey]: amounts(0, 0, 0, 0, 3),
    });
  });

  it("does not count what a conversion completes after the deletion", () => {
    assert.deepStrictEqual(rowsAfter(one, two, deleted(one), completed(one, 7, 50)), {
      [two.uploadId]: amounts(1, 20_000, 0, 0, 2),
      [userKey]: amounts(1, 20_000, 0, 0, 3),
    });
  });

  it("takes an upload off once, and none of which it never heard", () => {
    const rows = rowsAfter(one, deleted(one));
    assert.deepStrictEqual(rowsAfter(one, deleted(one), deleted(one)), rows);
    assert.deepStrictEqual(rowsAfter(deleted(one), completed(one, 7)), {});
  });

  it("counts each user, and each tenant's user of that name, for itself", () => {
    const other = receivedBy(tenantId, { userId: UserId.make("user-2"), sizeBytes: 5 });
    const elsewhere = newTenant();
    const log = [
      ...recorded(tenantId, [one, other, completed(other, 7)]),
      ...recorded(elsewhere, [receivedBy(elsewhere, { sizeBytes: 6 })], 4),
    ];
    const sums = fold(StorageUsageProjection, log).filter(({ uploadId }) => uploadId === null);
    assert.sameDeepMembers(
      sums.map(({ tenantId, userId, originalBytes, renditionBytes }) => [
        tenantId,
        userId,
        originalBytes,
        renditionBytes,
      ]),
      [[tenantId, user, 1_000, 0], [tenantId, "user-2", 5, 7], [elsewhere, user, 6, 0]],
    );
  });

  it("looks at what adds to storage or takes from it, and at nothing else", () => {
    assert.sameMembers([...StorageUsageProjection.types], [
      "UploadReceived",
      "UploadDeleted",
      "ConversionCompleted",
    ]);
    const { uploadId } = one;
    const { evolve, keysOf } = StorageUsageProjection;
    const others: ReadonlyArray<DomainEvent> = [
      { _tag: "UploadReady", uploadId, media },
      { _tag: "UploadRejected", uploadId, reason: failure },
      conversionOf(one),
    ];
    for (const event of recorded(tenantId, others)) {
      assert.isEmpty(keysOf(event));
      assert.isEmpty([...evolve(new Map(), event)]);
    }
  });
});
