/** A list of rows of one height, of which only those in sight exist. Lengths are pixels. */
export interface ListShape {
  rowHeight: number;
  count: number;
  /** Height of the visible part. */
  viewport: number;
}

/** Rows `first` up to, but without, `last`. */
export interface RowRange {
  first: number;
  last: number;
}

/** Rows beyond the edges, so that a turn of the wheel shows no gap. */
const OVERSCAN = 12;

/** The rows to render. */
export function windowAt({ rowHeight, count, viewport }: ListShape, scrollTop: number, overscan = OVERSCAN): RowRange {
  const top = Math.max(0, Math.min(scrollTop, count * rowHeight - viewport));
  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  return { first: Math.min(first, count), last: Math.min(count, Math.ceil((top + viewport) / rowHeight) + overscan) };
}

/** Where to scroll so that a row is in sight: as little as possible. */
export function revealed({ rowHeight, count, viewport }: ListShape, scrollTop: number, row: number): number {
  const top = Math.max(0, Math.min(row, count - 1)) * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + viewport ? top + rowHeight - viewport : scrollTop;
}

/** Whether the end is in sight, to within less than two rows. */
export function isAtEnd({ rowHeight, count, viewport }: ListShape, scrollTop: number): boolean {
  return scrollTop + viewport > count * rowHeight - rowHeight * 1.5;
}
