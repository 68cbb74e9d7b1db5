import type { RunDetail } from "../../src/ui/wire";
import { JsonText } from "../parts/JsonText";

/** What the run was given. */
export function Parameters({ run }: { run: RunDetail }) {
  return (
    <div class="columns">
      <section>
        <h2>Parameters</h2>
        <JsonText value={run.parameters} text={run.texts.parameters} label="Parameters" />
      </section>
      <section>
        <h2>Job variables of this run</h2>
        <JsonText value={run.jobVariables} text={run.texts.jobVariables} label="Job variables" />
      </section>
    </div>
  );
}
