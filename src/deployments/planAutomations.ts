import { comparableActions, comparableTrigger, type DeploymentAutomation, isDefaultName, sameTrigger } from "../automations";
import { sameJson } from "../canonicalJson";
import type { Json, JsonObject } from "../json";
import type { ServerAutomation } from "../prefect/api/automations";
import { MASK } from "../secret";

/** How the automations of one deployment become those of its file. */
export interface AutomationPlan {
  create: DeploymentAutomation[];
  /** `isSwitch`: it only becomes enabled or disabled. */
  change: { there: ServerAutomation; wanted: DeploymentAutomation; isSwitch: boolean }[];
  same: ServerAutomation[];
  remove: ServerAutomation[];
  /** The differences, by name, for the screen. */
  from: JsonObject;
  to: JsonObject;
  /** Other automations that run this deployment. They stay. */
  others: ServerAutomation[];
  /**
   * Others of which nobody here knows whether this deployment made them, because this workspace has never deployed it. Only the server knows, and
   * it can only delete: if there are any, it deletes all that the deployment owns, and those of the file are made again.
   */
  doubtful: ServerAutomation[];
}

/** A deployment on the server, and what is known about its automations. */
export interface AutomationPlace {
  /** `<flow name>/<deployment name>` */
  deployment: string;
  /** Absent for a new deployment. */
  id?: string;
  /** All automations of the server. */
  there: readonly ServerAutomation[];
  /** Ids of those that this workspace deployed for this deployment. */
  noted: ReadonlySet<string>;
  /** What this workspace deployed last; absent if it has never deployed it. */
  before?: readonly DeploymentAutomation[];
}

/**
 * Compare the triggers of a file with the automations on the server. `prefect deploy` deletes all of a deployment's automations and makes
 * them again. Here one that stays keeps its id, its history, and the events that it has counted.
 *
 * The server knows which automations a deployment owns, but its API can only delete them. So these count as its own:
 * - those that this workspace deployed,
 * - those with a name that Prefect gives: `<deployment>__automation_<number>`,
 * - those with the name of a trigger in the file that only run this deployment.
 * Only the first two are removed one by one. A workspace that has never deployed it cannot know who made the other automations that run it.
 * Automations that someone made by hand always stay.
 */
export function planAutomations(wanted: readonly DeploymentAutomation[], place: AutomationPlace): AutomationPlan {
  const { deployment, id, there, noted, before } = place;
  const running = id === undefined ? [] : there.filter(({ actions }) => actions.some((action) => runs(action, id)));
  const bare = deployment.slice(deployment.indexOf("/") + 1);
  const isOwn = (one: ServerAutomation) => noted.has(one.id) || isDefaultName(one.name, bare);
  const free = new Set(
    [...running].sort((a, b) => Number(noted.has(b.id)) - Number(noted.has(a.id)) || a.created.localeCompare(b.created)),
  );
  const match = new Map<DeploymentAutomation, ServerAutomation>();
  const take = (want: DeploymentAutomation, fits: (one: ServerAutomation) => boolean) => {
    const found = match.has(want) ? undefined : [...free].find(fits);
    if (!found) return;
    match.set(want, found);
    free.delete(found);
  };
  for (const want of wanted) take(want, (one) => one.name === want.name && (isOwn(one) || onlyRuns(one, id)));
  // A trigger that only got another name keeps its automation.
  for (const want of wanted) take(want, (one) => isOwn(one) && sameTrigger(one.trigger, want.trigger));

  const plan: AutomationPlan = { create: [], change: [], same: [], remove: [], from: {}, to: {}, others: [], doubtful: [] };
  for (const want of wanted) {
    const found = match.get(want);
    if (!found) {
      plan.create.push(want);
      plan.to[want.name] = brief(shownOf(want));
      continue;
    }
    const effective = {
      ...want,
      ...silent(
        want,
        found,
        before?.find(({ name }) => name === found.name),
      ),
    };
    const [from, to] = [shownThere(found, effective), shownOf(effective)];
    if (!onlyRuns(found, id)) [from.actions, to.actions] = [comparableActions(found.actions), automationActions(effective, id)];
    if (found.name !== want.name) [from.name, to.name] = [found.name, want.name];
    if (sameJson(from, to)) plan.same.push(found);
    else {
      plan.change.push({ there: found, wanted: effective, isSwitch: sameJson({ ...from, enabled: true }, { ...to, enabled: true }) });
      if (!sameJson(from.job_variables, to.job_variables) && from.job_variables !== null) from.job_variables = MASK;
      [plan.from[want.name], plan.to[want.name]] = [from, to];
    }
  }
  for (const one of free) {
    if (isOwn(one)) {
      plan.remove.push(one);
      plan.from[one.name] = brief(comparableTrigger(one.trigger));
    } else (before ? plan.others : plan.doubtful).push(one);
  }
  return plan;
}

/** The actions of an automation that runs a deployment, as the API takes them. */
export function automationActions(
  { parameters, jobVariables, scheduleAfter }: DeploymentAutomation,
  deploymentId: string | undefined,
): JsonObject[] {
  return [
    {
      type: "run-deployment",
      source: "selected",
      ...(deploymentId === undefined ? {} : { deployment_id: deploymentId }),
      parameters,
      job_variables: jobVariables,
      // Old servers do not know it.
      ...(scheduleAfter === 0 ? {} : { schedule_after: scheduleAfter }),
    },
  ];
}

function runs(action: JsonObject, deploymentId: string | undefined): boolean {
  return action.type === "run-deployment" && action.deployment_id === deploymentId;
}

/** Whether an automation does nothing else than to run this deployment. */
function onlyRuns(
  { actions, actions_on_trigger: on = [], actions_on_resolve: off = [] }: ServerAutomation,
  id: string | undefined,
): boolean {
  return actions.length === 1 && runs(actions[0] as JsonObject, id) && on.length === 0 && off.length === 0;
}

/**
 * What the file does not set keeps its value on the server: someone may have paused an automation there. But what the last deployment set,
 * and the file no longer sets, goes back to Prefect's default.
 */
function silent(
  { said }: DeploymentAutomation,
  there: ServerAutomation,
  last: DeploymentAutomation | undefined,
): Partial<Pick<DeploymentAutomation, "enabled" | "description">> {
  const isReset = (field: "enabled" | "description") => last?.said[field] === true && last[field] === there[field];
  return {
    ...(said.enabled || isReset("enabled") ? {} : { enabled: there.enabled }),
    ...(said.description || isReset("description") ? {} : { description: there.description }),
  };
}

/** An automation as the file writes it. */
function shownOf({ description, enabled, trigger, parameters, jobVariables, scheduleAfter }: DeploymentAutomation): JsonObject {
  return {
    ...comparableTrigger(trigger),
    description,
    enabled,
    parameters,
    job_variables: jobVariables,
    schedule_after: scheduleAfter,
  };
}

/** Only the fields that say something. */
function brief(fields: JsonObject): JsonObject {
  const isEmpty = (value: Json) =>
    value === null || value === "" || value === 0 || (typeof value === "object" && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function shownThere({ description, enabled, trigger, actions }: ServerAutomation, wanted: DeploymentAutomation): JsonObject {
  const [action = {}] = comparableActions(actions) as JsonObject[];
  const given = (field: string): Json => action[field] ?? null;
  return {
    ...shownOf({ ...wanted, description, enabled, trigger }),
    parameters: given("parameters"),
    job_variables: given("job_variables"),
    schedule_after: given("schedule_after") ?? 0,
  };
}
