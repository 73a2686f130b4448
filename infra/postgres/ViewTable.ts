import { Schema, String } from "effect";
import type { Projection, ViewRow } from "../../services/projections/Projection.ts";

/** The table that holds a projection's rows. */
export const tableOf = ({ name }: { readonly name: string }): string => `view_${name}`;

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
