import { connection, tryNow } from "../server/connection";
import { clock } from "../time/clock";

/** Says that pushpool does not answer, and when the page tries again. */
export function ConnectionNotice() {
  const now = connection.value;
  if (now.kind !== "lost") return null;
  const seconds = Math.max(0, Math.ceil((now.retryAt - clock.value) / 1000));
  return (
    <div class="notice warning" data-testid="reconnecting">
      <span role="status">pushpool does not answer. What you see may be old.</span>{" "}
      <span class="quiet">{seconds === 0 ? "Trying again…" : `Next attempt in ${seconds} s.`}</span>
      <button type="button" class="small" onClick={tryNow}>
        Try now
      </button>
    </div>
  );
}
