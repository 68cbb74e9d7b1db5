import type { DeploymentAutomation } from "../automations";
import {
  type AboutAutomation,
  type AutomationFields,
  createAutomation,
  deleteAutomation,
  enableAutomation,
  listAutomations,
  readAutomation,
  replaceAutomation,
  type ServerAutomation,
} from "../prefect/api/automations";
import type { Client } from "../prefect/client";
import { longTexts } from "../prefect/managedFields";
import { UserError } from "../userError";
import { type AutomationPlan, actionsOf } from "./planAutomations";
import type { Undo } from "./serverWrite";

/** The automations to write for one deployment. */
export interface AutomationWrite {
  plan: AutomationPlan;
  /** Ids of the automations that exist; new ones are added. */
  known: Set<string>;
  /** Called with the ids of all automations that the file's triggers have now. */
  onWritten: (ids: string[]) => void;
}

/** The resource that owns the automations of a deployment, as `prefect deploy` sets it. */
export function ownerOf(deploymentId: string): string {
  return `prefect.deployment.${deploymentId}`;
}

/** Write the automations of a deployment. Removals come last, because a removed automation cannot get its id back. */
export async function writeAutomations(
  client: Client,
  { id, name }: { id: string; name: string },
  { plan, known, onWritten }: AutomationWrite,
  undo: Undo[],
): Promise<void> {
  const ids = [...plan.same, ...plan.change.map(({ there }) => there)].map((one) => one.id);
  for (const wanted of plan.create) {
    const about = aboutAutomation(name, wanted);
    const before = new Set(known);
    undo.push({ what: about.about, run: () => dropMade(client, wanted.name, id, before) });
    const made = await createAutomation(client, fieldsOf(wanted, id), { ...about, owner: ownerOf(id), known });
    checkDelay(wanted, made, about.about, client);
    ids.push(made.id);
  }
  for (const { there, wanted, isSwitch } of plan.change) {
    const about = aboutAutomation(name, wanted);
    undo.push({ what: `${about.about} as it was`, run: () => replaceAutomation(client, there.id, wholeOf(there), about) });
    if (isSwitch) await enableAutomation(client, there.id, wanted.enabled, about);
    else await replaceAutomation(client, there.id, { ...fieldsOf(wanted, id), actions_on_trigger: [], actions_on_resolve: [] }, about);
    if (wanted.scheduleAfter > 0) checkDelay(wanted, await readAutomation(client, there.id), about.about, client);
  }
  for (const there of plan.remove) {
    const about = { about: `automation "${there.name}" of deployment "${name}"`, redact: longTexts(there.actions) };
    undo.push({
      what: about.about,
      run: async () => {
        if (!(await readAutomation(client, there.id)))
          await createAutomation(client, wholeOf(there), { ...about, owner: ownerOf(id), known });
      },
    });
    await deleteAutomation(client, there.id);
  }
  onWritten(ids);
}

function fieldsOf(wanted: DeploymentAutomation, deploymentId: string): AutomationFields {
  const { name, description, enabled, trigger } = wanted;
  return { name, description, enabled, trigger, actions: actionsOf(wanted, deploymentId) };
}

/** All fields of an automation, to write it again as it was. */
function wholeOf({
  id: _,
  created: __,
  name,
  description,
  enabled,
  trigger,
  actions,
  tags,
  ...beside
}: ServerAutomation): AutomationFields {
  const { actions_on_trigger = [], actions_on_resolve = [] } = beside;
  return { name, description, enabled, trigger, actions, actions_on_trigger, actions_on_resolve, ...(tags ? { tags } : {}) };
}

/** @throws {UserError} if the server ignored the delay: before Prefect 3.1 it has none */
function checkDelay(
  { scheduleAfter }: DeploymentAutomation,
  there: ServerAutomation | undefined,
  about: string,
  { connection }: Client,
): void {
  if (scheduleAfter === 0 || there === undefined || there.actions[0]?.schedule_after !== undefined) return;
  throw new UserError(
    `${about}: the Prefect server at ${connection.apiUrl} is too old for schedule_after: leave it out, or upgrade the server`,
  );
}

/** Delete an automation whose creation failed or got no reply. */
async function dropMade(client: Client, name: string, deploymentId: string, before: ReadonlySet<string>): Promise<void> {
  for (const { id, actions } of (await listAutomations(client, [name])) ?? [])
    if (!before.has(id) && actions[0]?.deployment_id === deploymentId) await deleteAutomation(client, id);
}

function aboutAutomation(deployment: string, { name, jobVariables, parameters }: DeploymentAutomation): AboutAutomation {
  return { about: `automation "${name}" of deployment "${deployment}"`, redact: longTexts([jobVariables, parameters]) };
}
