import { placeText } from "../form/problems";
import type { Submission } from "./useNewRun";

/** What the last check, or the attempt to start, said as a whole. */
export function FormResult({ submission: { error, problems, warnings } }: { submission: Submission }) {
  if (error)
    return (
      <div class="failure" role="alert" data-testid="form-error">
        <p>
          <b>The run was not started.</b>
        </p>
        <p class="message">{error.message}</p>
        {problems.size > 1 && (
          <ul>
            {[...problems].map(([pointer, message]) => (
              <li key={pointer}>
                <a href={`#field${pointer}`} onClick={(event) => focus(event, pointer)}>
                  {placeText(pointer)}
                </a>
                : {message}
              </li>
            ))}
          </ul>
        )}
      </div>
    );
  if (!warnings) return null;
  return (
    <div class={`notice ${warnings.length === 0 ? "good" : "warning"}`} role="status" data-testid="checked">
      {warnings.length === 0 ? (
        "It can run. Nothing was started."
      ) : (
        <ul>
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function focus(event: MouseEvent, pointer: string): void {
  event.preventDefault();
  document.getElementById(`field${pointer}`)?.focus();
}
