import { isJsonObject, type Json, type JsonObject } from "../json";

/** The events that every run of a deployment sends. */
const OF_EVERY_RUN = ["prefect.flow-run.Scheduled", "prefect.flow-run.Pending", "prefect.flow-run.Running", "prefect.flow-run.*"];

/**
 * Whether the runs that an automation starts would trigger it again, without end (`AutomationCore.prevent_run_deployment_loops` of the
 * server, which refuses such an automation).
 * @param trigger complete, as `readTrigger` returns it
 * @returns the end of a sentence with the fix; `undefined` if there is no loop
 */
export function loopFault(trigger: JsonObject, actions: readonly JsonObject[], enabled: boolean): string | undefined {
  if (!enabled || trigger.type !== "event" || trigger.posture !== "Reactive") return undefined;
  const expect = trigger.expect as string[];
  if (!OF_EVERY_RUN.some((event) => expect.includes(event))) return undefined;
  const sources = new Set(actions.filter(({ type }) => type === "run-deployment").map(({ source }) => source));
  if (sources.has("inferred")) return "runs the deployment of a run again at each of its states, without end: name one deployment_id";
  if (!sources.has("selected") || !coversAll(trigger.match)) return undefined;
  const related = Array.isArray(trigger.match_related) ? trigger.match_related : [trigger.match_related as Json];
  if (!related.some(coversAll)) return undefined;
  return "fires for the runs that it starts itself, without end: add labels to match or match_related that exclude those, such as the flow";
}

/** Whether labels match every flow run. */
function coversAll(labels: Json | undefined): boolean {
  if (!isJsonObject(labels)) return false;
  const names = Object.keys(labels);
  if (names.length === 0) return true;
  const id = labels["prefect.resource.id"];
  return names.length === 1 && [id].flat().includes("prefect.flow-run.*");
}
