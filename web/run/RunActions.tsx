import { useState } from "preact/hooks";
import type { RunAnswer, RunDetail, RunRow } from "../../src/ui/wire";
import { Dialog } from "../parts/Dialog";
import { Failure } from "../parts/Failure";
import { Link } from "../parts/Link";
import { newRunPath } from "../routes";
import { RequestError, send } from "../server/request";
import { announce } from "../shell/announce";
import { Commands } from "./Commands";

interface RunActionsProps {
  run: RunDetail;
  onChange(row: RunRow): void;
}

/** Cancel, retry, run again, and the same on the command line. */
export function RunActions({ run, onChange }: RunActionsProps) {
  const [isAsking, setAsking] = useState(false);
  const [sending, setSending] = useState<"cancel" | "retry">();
  const [error, setError] = useState<{ what: string; error: RequestError }>();

  const act = async (action: "cancel" | "retry") => {
    setAsking(false);
    setSending(action);
    setError(undefined);
    try {
      const { run: row } = await send<RunAnswer>("POST", `/api/runs/${encodeURIComponent(run.id)}/${action}`);
      announce(action === "cancel" ? "Asked to stop" : "Retried");
      onChange(row);
    } catch (failure) {
      if (!(failure instanceof RequestError)) throw failure;
      setError({ what: action === "cancel" ? "The run could not be cancelled" : "The run could not be retried", error: failure });
    } finally {
      setSending(undefined);
    }
  };

  return (
    <>
      <div class="actions">
        {run.can.cancel && run.state.type !== "CANCELLING" && (
          <button type="button" class="danger" disabled={sending !== undefined} data-testid="cancel" onClick={() => setAsking(true)}>
            {sending === "cancel" ? "Cancelling…" : "Cancel"}
          </button>
        )}
        {run.can.retry && (
          <button type="button" disabled={sending !== undefined} data-testid="retry" onClick={() => void act("retry")}>
            {sending === "retry" ? "Retrying…" : "Retry"}
          </button>
        )}
        {run.can.runAgain && (
          <Link to={newRunPath(run.deployment, run.id)} class="button" data-testid="run-again">
            Run again…
          </Link>
        )}
        <Commands commands={run.commands} />
      </div>
      {error && <Failure what={error.what} error={error.error} />}
      {isAsking && (
        <Dialog title={`Cancel ${run.name}?`} onClose={() => setAsking(false)}>
          <p>Its infrastructure is stopped. What the run has done so far stays done.</p>
          <div class="dialog-actions">
            <button type="button" onClick={() => setAsking(false)}>
              Keep it running
            </button>
            <button type="button" class="danger solid" data-testid="confirm-cancel" onClick={() => void act("cancel")}>
              Cancel the run
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
