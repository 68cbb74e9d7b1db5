import type { RunRow } from "../../src/ui/wire";
import { navigate, place } from "../navigation";
import { Link } from "../parts/Link";
import { deploymentPath, runPath } from "../routes";
import { stack } from "../shell/stack";
import { StateMark } from "../states/StateMark";
import { When } from "../time/When";
import { DurationBar } from "./DurationBar";
import { filtersOf, searchOf } from "./filters";

interface RunLineProps {
  /** undefined: not loaded yet. */
  run: RunRow | undefined;
  /** Its place in the list, from 0. */
  row: number;
  isSelected: boolean;
}

/** One run of the list. */
export function RunLine({ run, row, isSelected }: RunLineProps) {
  if (!run)
    return (
      <div class="run-line absent" role="row" aria-rowindex={row + 1} aria-busy="true" tabIndex={-1}>
        <span role="gridcell">…</span>
      </div>
    );
  const open = (event: MouseEvent) => {
    const isOnControl = (event.target as HTMLElement).closest("a, button") !== null;
    const isSelecting = !window.getSelection()?.isCollapsed;
    if (!isOnControl && !isSelecting && event.button === 0) navigate(runPath(run.id));
  };
  const filterBy = (change: { tag: string } | { pool: string }) =>
    navigate(`/${searchOf({ ...filtersOf(place.value.search), ...change })}`, true);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter opens the selected one, and its name is a link
    <div
      class={`run-line ${isSelected ? "selected" : ""}`}
      role="row"
      id={`run-${run.id}`}
      aria-rowindex={row + 1}
      aria-selected={isSelected}
      tabIndex={-1}
      data-testid="run-row"
      data-run={run.id}
      onClick={open}
    >
      <span role="gridcell" class="of-state">
        <StateMark state={run.state} />
      </span>
      <span role="gridcell" class="of-name">
        <Link to={runPath(run.id)} tabIndex={-1} title={run.id}>
          {run.name}
        </Link>
        {run.attempt > 1 && <span class="tag" title={`Attempt ${run.attempt}`}>{`×${run.attempt}`}</span>}
      </span>
      <span role="gridcell" class="of-deployment">
        <Link to={deploymentPath(run.deployment)} tabIndex={-1} class="quiet" title={run.deployment}>
          {run.deployment}
        </Link>
        {run.stack !== stack.value?.stack && (
          <span class="tag" title="Another stack">
            {run.stack}
          </span>
        )}
      </span>
      <span role="gridcell" class="of-pool">
        <button
          type="button"
          class="bare quiet"
          tabIndex={-1}
          title={`Only runs on ${run.workPool}`}
          onClick={() => filterBy({ pool: run.workPool })}
        >
          {run.workPool}
        </button>
      </span>
      <span role="gridcell" class="of-tags">
        {run.tags.map((tag) => (
          <button
            key={tag}
            type="button"
            class="tag"
            tabIndex={-1}
            title={`Only runs with the tag ${tag}`}
            onClick={() => filterBy({ tag })}
          >
            {tag}
          </button>
        ))}
      </span>
      <span role="gridcell" class="of-created quiet">
        <When at={run.createdAt} />
      </span>
      <span role="gridcell" class="of-duration">
        <DurationBar run={run} />
      </span>
    </div>
  );
}
