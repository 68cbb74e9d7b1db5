import type { RequestError } from "../server/request";

interface FailureProps {
  error: RequestError | Error;
  /** What could not be done: `The runs cannot be shown`. */
  what: string;
  onRetry?: () => void;
}

/** A request failed: what, why, and a way on. */
export function Failure({ error, what, onRetry }: FailureProps) {
  return (
    <div class="failure" role="alert" data-testid="failure">
      <p>
        <b>{what}.</b>
      </p>
      <p class="message">{error.message}</p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
