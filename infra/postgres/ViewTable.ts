import { Schema, String } from "effect";
import type { Projection, ViewRow } from "../../services/projections/Projection.ts";
import type { Target } from "../../services/projections/ProjectionStore.ts";

/** The table that holds a slot's rows. */
export const tableOf = <Row extends ViewRow>({ projection: { name, version }, slot }: Target<Row>): string =>
  `view_${name}_v${version}${slot === "live" ? "" : `_${slot}`}`;

/** The statements that create a slot's table, with its indexes, in the place of one that is there. */
export const tableDefinition = <Row extends ViewRow>(target: Target<Row>): ReadonlyArray<string> => {
  const { columns, indexes } = target.projection;
  const table = tableOf(target);
  // Ids sort by the time they were made in the order of their bytes; a database may sort by the rules of a language.
  const ordered = (type: string) => type.replace(/^text\b/, 'text COLLATE "C"');
  const definitions = Object.entries(columns).map(([field, type]) =>
    `${String.camelToSnake(field)} ${ordered(type)}`
  );
  return [
    `DROP TABLE IF EXISTS ${table}`,
    `CREATE TABLE ${table} (${definitions.join(", ")})`,
    ...indexes.map((index) => `CREATE INDEX ON ${table} (${index})`),
  ];
};

/** Reads a row from `to_jsonb(view) AS row`. */
export const toRow = <Row extends ViewRow>({ row }: Projection<Row>): (found: unknown) => Row => {
  const decode = Schema.decodeUnknownSync(row);
  const json = Schema.decodeUnknownSync(
    Schema.Struct({ row: Schema.Record(Schema.String, Schema.Unknown) }),
  );
  return (found) =>
    decode(
      Object.fromEntries(
        Object.entries(json(found).row).map(([column, value]) => [String.snakeToCamel(column), value]),
      ),
    );
};

/** The JSON form of a row with column names for keys. */
export const toColumns = <Row extends ViewRow>({ row }: Projection<Row>): (value: Row) => object => {
  const encode = Schema.encodeSync(row);
  return (value) =>
    Object.fromEntries(
      Object.entries(encode(value)).map(([field, json]) => [String.camelToSnake(field), json]),
    );
};
