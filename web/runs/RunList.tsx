import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { navigate } from "../navigation";
import { useElementSize } from "../parts/useElementSize";
import { revealed, windowAt } from "../parts/virtualWindow";
import { runPath } from "../routes";
import { useShortcuts } from "../shell/shortcuts";
import type { AnchoredRuns } from "./anchoredRuns";
import { RunLine } from "./RunLine";
import type { RunsFeed } from "./runsFeed";

interface RunListProps {
  feed: RunsFeed;
  list: AnchoredRuns;
  /** The filters: with the same ones, the list is where the reader left it. */
  search: string;
}

/** Where the reader left the list, for the way back from a run. */
let left: { search: string; scrollTop: number; selected: string | null } | undefined;

/** Below this width, a run takes two lines. As in runs.css. */
const NARROW = 720;

/** The list, of which only what is in sight exists in the document. */
export function RunList({ feed, list, search }: RunListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { width, height } = useElementSize(scroller);
  const [scrollTop, setScrollTop] = useState(0);
  const [selected, setSelected] = useState<string | null>(left?.search === search ? left.selected : null);
  const rowHeight = width > 0 && width < NARROW ? 54 : 30;
  const count = list.rows.length;
  const shape = { rowHeight, count, viewport: height };
  const { first, last } = windowAt(shape, scrollTop);
  const isAtTop = scrollTop < rowHeight / 2;
  const at = selected === null ? -1 : list.rows.findIndex((row) => row?.id === selected);

  useLayoutEffect(() => {
    if (left?.search === search && scroller.current) scroller.current.scrollTop = left.scrollTop;
  }, [search]);
  useLayoutEffect(() => {
    if (height > 0) feed.see({ first, last }, isAtTop);
  }, [feed, first, last, isAtTop, height]);
  useLayoutEffect(() => {
    left = { search, scrollTop, selected };
  }, [search, scrollTop, selected]);

  const select = (row: number) => {
    const to = Math.max(0, Math.min(count - 1, row));
    const run = list.rows[to];
    if (!run) return;
    setSelected(run.id);
    scroller.current?.scrollTo({ top: revealed(shape, scroller.current.scrollTop, to) });
  };
  const open = () => selected !== null && navigate(runPath(selected));
  const toTop = () => {
    feed.showFresh();
    scroller.current?.scrollTo({ top: 0 });
  };
  useShortcuts([
    { keys: ["j", "ArrowDown"], does: "Next run", run: () => select(at < 0 ? first : at + 1) },
    { keys: ["k", "ArrowUp"], does: "Previous run", run: () => select(at < 0 ? first : at - 1) },
    { keys: ["Enter"], does: "Open the run", run: open },
    { keys: ["."], does: "Back to the newest run", run: toTop },
  ]);

  const rows = [];
  for (let row = first; row < last; row++) {
    const run = list.rows[row];
    rows.push(<RunLine key={run?.id ?? `place-${row}`} run={run} row={row} isSelected={run !== undefined && row === at} />);
  }
  return (
    <div class="run-list">
      <div class="run-columns" aria-hidden="true">
        <span>State</span>
        <span>Run</span>
        <span>Deployment</span>
        <span>Pool</span>
        <span>Tags</span>
        <span>Created</span>
        <span>Duration</span>
      </div>
      {list.freshCount > 0 && !isAtTop && (
        <button type="button" class="fresh" onClick={toTop} data-testid="new-runs">
          {list.freshCount === 1 ? "1 new run" : `${list.freshCount} new runs`}
        </button>
      )}
      <div
        ref={scroller}
        class="scroller"
        role="grid"
        aria-label="Runs, newest first"
        aria-rowcount={count}
        aria-colcount={7}
        aria-activedescendant={at >= first && at < last ? `run-${selected}` : undefined}
        tabIndex={0}
        data-testid="run-list"
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      >
        <div class="all" role="presentation" style={{ height: `${count * rowHeight}px` }}>
          <div class="sight" role="rowgroup" style={{ transform: `translateY(${first * rowHeight}px)` }}>
            {rows}
          </div>
        </div>
      </div>
      <div class="hidden" role="status">
        {list.freshCount > 0 && !isAtTop ? `${list.freshCount} new runs above` : ""}
      </div>
    </div>
  );
}
