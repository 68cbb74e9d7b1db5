import type { Attempt } from "../../src/ui/wire";
import { JsonText } from "../parts/JsonText";

interface ConfigurationProps {
  attempt: Attempt;
  /** What was sent to the cloud, instead of what it was made from. */
  requests?: boolean;
}

/** What an attempt was submitted with. */
export function Configuration({ attempt, requests = false }: ConfigurationProps) {
  if (requests) {
    if (attempt.requests.length === 0) return <p class="quiet">No request has been sent for this attempt.</p>;
    return (
      <>
        {attempt.requests.map(({ call, body }, at) => (
          <section key={at}>
            <h2>{call}</h2>
            <JsonText value={body} label={`Request ${call}`} />
          </section>
        ))}
      </>
    );
  }
  if (attempt.submission === null) return <p class="quiet">This ledger does not have the job configuration of this attempt.</p>;
  return (
    <section>
      <h2>Job configuration, resolved</h2>
      <JsonText value={attempt.submission} label="Job configuration" />
    </section>
  );
}
