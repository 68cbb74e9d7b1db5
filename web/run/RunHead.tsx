import type { RunDetail, RunRow } from "../../src/ui/wire";
import { Link } from "../parts/Link";
import { StateMark } from "../states/StateMark";
import { Elapsed } from "../time/Elapsed";
import { RunActions } from "./RunActions";
import { hasEnded } from "./texts";

interface RunHeadProps {
  run: RunDetail;
  notice: string | undefined;
  onChange(row: RunRow): void;
}

/** The name and state of a run, why it is in that state, and what can be done with it. */
export function RunHead({ run, notice, onChange }: RunHeadProps) {
  return (
    <div class="run-head">
      <nav aria-label="Breadcrumb" class="crumbs">
        <Link to="/">Runs</Link> <span aria-hidden="true">/</span>
      </nav>
      <h1 data-testid="run-name">{run.name}</h1>
      <StateMark state={run.state} live />
      {!hasEnded(run.state) && (
        <span class="quiet number">
          <Elapsed from={run.state.timestamp} />
        </span>
      )}
      {run.prefectUrl && (
        <a href={run.prefectUrl} target="_blank" rel="noreferrer noopener">
          Open in Prefect
        </a>
      )}
      <RunActions run={run} onChange={onChange} />
      {run.state.type === "CANCELLING" ? (
        <p class="notice" role="status" data-testid="cancelling">
          Asked to stop. It counts as cancelled only when its infrastructure has really stopped.
        </p>
      ) : (
        run.state.message && <p class={`reason ${run.state.type === "COMPLETED" ? "quiet" : ""}`}>{run.state.message}</p>
      )}
      {run.waitingFor && run.waitingFor !== run.state.message && (
        <p class="notice" data-testid="waiting-for">
          Waits for: {run.waitingFor}
        </p>
      )}
      {notice && <p class="notice warning">{notice}</p>}
    </div>
  );
}
