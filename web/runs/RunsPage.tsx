import { useEffect, useMemo, useRef } from "preact/hooks";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { Link } from "../parts/Link";
import { Loading } from "../parts/Loading";
import { useTitle } from "../parts/useTitle";
import { useShortcuts } from "../shell/shortcuts";
import { DayStrip } from "./DayStrip";
import { FilterBar } from "./FilterBar";
import { isFiltered, searchOf, serverFilters, toggledState } from "./filters";
import { RunList } from "./RunList";
import { RunsFeed } from "./runsFeed";
import { useFilters } from "./useFilters";

/** All runs: what happened in the last day, filters, and the list. */
export function RunsPage() {
  const [filters, setFilters] = useFilters();
  const search = searchOf(filters);
  const feed = useMemo(() => new RunsFeed(serverFilters(filters, Date.now())), [search]);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => feed.start(), [feed]);
  useTitle("Runs");
  useShortcuts([
    { keys: ["/"], does: "Search", run: () => box.current?.focus() },
    {
      keys: ["Escape"],
      does: "Leave a field, then show all runs",
      inFields: true,
      run: ({ target }) => (isField(target) ? target.blur() : setFilters({})),
    },
  ]);
  const error = feed.error.value;
  // While the runs of other filters load, the old ones stay: nothing jumps.
  const before = useRef(feed);
  if (feed.list.value || error) before.current = feed;
  const shown = before.current;
  const list = shown.list.value;
  return (
    <div class="runs-page" aria-busy={shown !== feed}>
      <h1 class="hidden">Runs</h1>
      <DayStrip
        filters={feed.filters}
        turn={feed.stripTurn.value}
        chosen={filters.state ?? []}
        onToggle={(state) => setFilters(toggledState(filters, state))}
        onSpan={(since, until) => setFilters({ ...filters, since, until })}
      />
      <FilterBar filters={filters} onChange={setFilters} box={box} total={list?.rows.length} />
      {error && list && <Failure what="The list may be old" error={error} onRetry={() => void feed.reload()} />}
      {error && !list && <Failure what="The runs cannot be shown" error={error} onRetry={() => void feed.reload()} />}
      {!error && !list && <Loading what="runs" lines={12} />}
      {list?.rows.length === 0 && list.freshCount === 0 && <NoRuns filtered={isFiltered(filters)} onClear={() => setFilters({})} />}
      {list && (list.rows.length > 0 || list.freshCount > 0) && <RunList key={shown.id} feed={shown} list={list} search={search} />}
    </div>
  );
}

function isField(target: EventTarget | null): target is HTMLElement {
  return target instanceof HTMLElement && target.matches("input, select");
}

function NoRuns({ filtered, onClear }: { filtered: boolean; onClear(): void }) {
  if (filtered)
    return (
      <Empty title="No run matches these filters">
        <button type="button" onClick={onClear}>
          Show all runs
        </button>
      </Empty>
    );
  return (
    <Empty title="No runs yet">
      <p>
        Start one: choose a <Link to="/deployments">deployment</Link>, or use <code>pushpool run FLOW/DEPLOYMENT</code>.
      </p>
    </Empty>
  );
}
