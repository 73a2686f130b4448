import { paint, plain, type Style } from "./Printing.ts";

/** A column: its heading, what it says of a row, and how. Numbers are set to the right. */
export interface Column<Row> {
  readonly heading: string;
  readonly of: (row: Row) => string | number;
  readonly style?: Style;
}

/** Rows in aligned columns below headings; the last column is as wide as it wants to be. */
export const table = <Row>(columns: ReadonlyArray<Column<Row>>, rows: ReadonlyArray<Row>): string => {
  const cells = rows.map((row) => columns.map(({ of }) => plain(String(of(row)))));
  const widths = columns.map(({ heading }, index) =>
    Math.max(heading.length, ...cells.map((line) => line[index]?.length ?? 0))
  );
  const isNumber = columns.map(({ of }) =>
    rows.length > 0 && rows.every((row) => typeof of(row) === "number")
  );
  const pad = (text: string, index: number): string =>
    isNumber[index]
      ? text.padStart(widths[index] ?? 0)
      : index === columns.length - 1
      ? text
      : text.padEnd(widths[index] ?? 0);
  const head = columns.map(({ heading }, index) => paint("bold", pad(heading.toUpperCase(), index)));
  const lines = cells.map((line) =>
    line.map((text, index) => {
      const style = columns[index]?.style;
      return style === undefined ? pad(text, index) : paint(style, pad(text, index));
    })
  );
  return [head, ...lines].map((line) => line.join("  ").trimEnd()).join("\n");
};

/** Names and values, one pair a line. */
export const facts = (
  pairs: ReadonlyArray<readonly [name: string, value: string | number | null]>,
): string => {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) =>
    `${paint("dim", name.padEnd(width))}  ${value === null ? paint("dim", "none") : plain(String(value))}`
  ).join("\n");
};
