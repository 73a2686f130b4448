/** How many items a page has when no number is asked for. */
export const pageSize = 50;

/** The page of some rows, of which one more than its limit was read; `next` is the last row where there are more, else `null`. */
export const pageOf = <Row>(
  rows: ReadonlyArray<Row>,
  limit: number,
): { readonly items: ReadonlyArray<Row>; readonly next: Row | null } => {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? items.at(-1) ?? null : null };
};
