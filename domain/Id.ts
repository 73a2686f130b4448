/**
 * Identifiers: a three-letter prefix and a UUIDv7 in Crockford base 32, so that ids sort by the time they were made.
 */
import { Schema } from "effect";

/** What an id names. The prefixes are part of the public surface. */
export type Prefix = "upl" | "cnv" | "anl" | "cln" | "evt" | "cmd" | "key";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

const text = (prefix: Prefix) =>
  Schema.String.check(
    Schema.isPattern(new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`), {
      expected: `an id that begins with ${prefix}_, as the service has given it`,
    }),
  );

export const UploadId = text("upl").pipe(Schema.brand("UploadId"));
export type UploadId = typeof UploadId.Type;
export const ConversionId = text("cnv").pipe(Schema.brand("ConversionId"));
export type ConversionId = typeof ConversionId.Type;
export const AnalysisId = text("anl").pipe(Schema.brand("AnalysisId"));
export type AnalysisId = typeof AnalysisId.Type;
export const CleanupId = text("cln").pipe(Schema.brand("CleanupId"));
export type CleanupId = typeof CleanupId.Type;
export const EventId = text("evt").pipe(Schema.brand("EventId"));
export type EventId = typeof EventId.Type;
/** A command's id may end in a purpose, to tell apart the commands that one event gives rise to. */
export const CommandId = Schema.String.check(
  Schema.isPattern(/^cmd_[0-7][0-9a-hjkmnp-tv-z]{25}(\.[a-z0-9_.]+)?$/),
)
  .pipe(
    Schema.brand("CommandId"),
  );
export type CommandId = typeof CommandId.Type;
export const ApiKeyId = text("key").pipe(Schema.brand("ApiKeyId"));
export type ApiKeyId = typeof ApiKeyId.Type;

/** The schema of the ids with each prefix. */
export const schemas = {
  upl: UploadId,
  cnv: ConversionId,
  anl: AnalysisId,
  cln: CleanupId,
  evt: EventId,
  cmd: CommandId,
  key: ApiKeyId,
} as const;

/** The id type that belongs to a prefix. */
export type IdOf<P extends Prefix> = (typeof schemas)[P]["Type"];

/** The tenant that owns a resource; it is also a path segment of storage keys, hence the narrow alphabet. */
export const TenantId = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/)).pipe(
  Schema.brand("TenantId"),
);
export type TenantId = typeof TenantId.Type;

/** The tenant's own name for one of its users; a path segment of storage keys, like `TenantId`. */
export const UserId = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}$/, {
  expected: "1 to 128 letters, digits, _ . @ or -, of which the first is a letter or a digit",
})).pipe(
  Schema.brand("UserId"),
);
export type UserId = typeof UserId.Type;

/**
 * An id made of a time (milliseconds since 1970) and at least ten random bytes: a version 7 UUID (RFC 9562), written
 * in 26 base-32 digits after the prefix.
 */
export const make = <P extends Prefix>(prefix: P, millis: number, random: Uint8Array): IdOf<P> => {
  let value = BigInt(millis);
  value = (value << 4n) | 0x7n;
  value = (value << 12n) | (bits(random, 0, 2) & 0xfffn);
  value = (value << 2n) | 0x2n;
  value = (value << 62n) | (bits(random, 2, 8) & 0x3fff_ffff_ffff_ffffn);
  let digits = "";
  for (let shift = 125n; shift >= 0n; shift -= 5n) digits += alphabet[Number((value >> shift) & 31n)];
  return parse(prefix, `${prefix}_${digits}`);
};

/**
 * The id of the thing that an event gives rise to: the event's digits under another prefix. A reactor that sees the same
 * event twice derives the same id twice.
 */
export const derive = <P extends Prefix>(prefix: P, from: EventId): IdOf<P> =>
  parse(prefix, `${prefix}_${from.slice(4)}`);

/** The id of a command that an event gives rise to: the same for the same event and purpose. */
export const commandFor = (event: EventId, purpose: string): CommandId =>
  parse("cmd", `cmd_${event.slice(4)}.${purpose}`);

const parse = <P extends Prefix>(prefix: P, id: string): IdOf<P> => {
  const schema: Schema.Codec<IdOf<P>, string> = schemas[prefix];
  return Schema.decodeSync(schema)(id);
};

const bits = (bytes: Uint8Array, start: number, length: number): bigint =>
  bytes.subarray(start, start + length).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
