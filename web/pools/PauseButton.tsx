import { useState } from "preact/hooks";
import type { PoolAnswer, PoolRow } from "../../src/ui/wire";
import { RequestError, send } from "../server/request";
import { announce } from "../shell/announce";

/** Pauses or resumes a pool, if the ledger owns that. */
export function PauseButton({ pool, onChange }: { pool: PoolRow; onChange(pool: PoolRow): void }) {
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<string>();
  if (!pool.pausable) return null;
  const action = pool.paused ? "resume" : "pause";
  const act = async () => {
    setSending(true);
    setError(undefined);
    try {
      const answer = await send<PoolAnswer>("POST", `/api/pools/${encodeURIComponent(pool.name)}/${action}`);
      onChange(answer.pool);
      announce(`${pool.name} is ${answer.pool.paused ? "paused" : "not paused"}`);
    } catch (failure) {
      if (!(failure instanceof RequestError)) throw failure;
      setError(failure.message);
    } finally {
      setSending(false);
    }
  };
  return (
    <>
      <button
        type="button"
        class="small"
        disabled={isSending}
        aria-label={`${pool.paused ? "Resume" : "Pause"} ${pool.name}`}
        title={pool.paused ? "Let its runs start again" : "Its runs wait until it is resumed"}
        data-testid="pause"
        onClick={() => void act()}
      >
        {pool.paused ? "Resume" : "Pause"}
      </button>
      {error && (
        <p class="problem" role="alert">
          {error}
        </p>
      )}
    </>
  );
}
