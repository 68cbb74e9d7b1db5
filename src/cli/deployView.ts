import type { StepReport } from "../buildSteps";
import type { Change, DeploymentChange } from "../deployments";
import type { Json } from "../json";

const SIGNS: Record<DeploymentChange["change"], string> = { create: "+", update: "~", remove: "-", same: " " };
const DONE: Record<DeploymentChange["change"], string> = { create: "created", update: "updated", remove: "removed", same: "unchanged" };
const PLANNED: Record<DeploymentChange["change"], string> = {
  create: "to create",
  update: "to update",
  remove: "to remove",
  same: "unchanged",
};
/** The longest value, in characters. A longer one is cut. */
const MAX_VALUE = 60;
/** The most changes of a deployment that are shown. */
const MAX_CHANGES = 12;

/** A line for each changed deployment, followed by its changes. Unchanged deployments are only counted. */
export function linesOf(deployments: readonly DeploymentChange[]): string[] {
  return deployments.flatMap(({ name, change, workPool, changes }) => {
    if (change === "same") return [];
    const shown = changes.slice(0, MAX_CHANGES).map((one) => `      ${lineOf(one)}`);
    const more = changes.length > MAX_CHANGES ? [`      and ${changes.length - MAX_CHANGES} more`] : [];
    return [`  ${SIGNS[change]} ${name} (work pool ${workPool})`, ...shown, ...more];
  });
}

/** `build: prefect.deployments.steps.run_shell_script (get-tag) for one, two` */
export function stepLine({ section, step, id, deployments }: StepReport): string {
  return `${section}: ${step}${id === undefined ? "" : ` (${id})`} for ${deployments.join(", ")}`;
}

/** `2 created, 1 unchanged` */
export function summaryOf(deployments: readonly DeploymentChange[], planned: boolean): string {
  const words = planned ? PLANNED : DONE;
  const counts = (Object.keys(SIGNS) as DeploymentChange["change"][])
    .map((change) => [deployments.filter((one) => one.change === change).length, words[change]] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`);
  return counts.join(", ") || "no deployments";
}

function lineOf({ path, from, to }: Change): string {
  if (from === undefined) return `${path}: ${brief(to)} (new)`;
  if (to === undefined) return `${path}: ${brief(from)} → gone`;
  return `${path}: ${brief(from)} → ${brief(to)}`;
}

function brief(value: Json | undefined): string {
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}
