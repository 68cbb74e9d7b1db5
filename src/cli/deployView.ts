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
/** A value longer than this is cut, in characters. */
const WIDEST = 60;
/** So many changes of one deployment are shown. */
const MOST = 12;

/** What changes, a line each, and under it what is different. What does not change is counted only. */
export function linesOf(deployments: readonly DeploymentChange[]): string[] {
  return deployments.flatMap(({ name, change, workPool, changes }) => {
    if (change === "same") return [];
    const shown = changes.slice(0, MOST).map((one) => `      ${lineOf(one)}`);
    const more = changes.length > MOST ? [`      and ${changes.length - MOST} more`] : [];
    return [`  ${SIGNS[change]} ${name} (work pool ${workPool})`, ...shown, ...more];
  });
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
  return text.length > WIDEST ? `${text.slice(0, WIDEST)}…` : text;
}
