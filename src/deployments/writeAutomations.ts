import type { DeploymentAutomation } from "../automations";
import {
  type AboutAutomation,
  type AutomationFields,
  createAutomation,
  deleteAutomation,
  deleteOwnedAutomations,
  enableAutomation,
  listAutomations,
  readAutomation,
  replaceAutomation,
  type ServerAutomation,
} from "../prefect/api/automations";
import type { Client } from "../prefect/client";
import { longTexts } from "../prefect/managedFields";
import { UserError } from "../userError";
import { type AutomationPlan, automationActions } from "./planAutomations";
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
  const ids: string[] = [];
  const owner = ownerOf(id);
  const make = async (fields: AutomationFields, about: AboutAutomation): Promise<ServerAutomation> => {
    const before = new Set(known);
    undo.push({ what: about.about, run: () => dropMade(client, fields.name, id, before) });
    const made = await createAutomation(client, fields, { ...about, owner, known });
    ids.push(made.id);
    return made;
  };
  const makeAgain = async (there: ServerAutomation) => {
    if (await readAutomation(client, there.id)) return;
    await createAutomation(client, wholeOf(there), { ...aboutThere(name, there), owner, known });
  };

  const isDoubtful = plan.doubtful.length > 0;
  if (isDoubtful) {
    const before = [...plan.same, ...plan.change.map(({ there }) => there), ...plan.remove, ...plan.doubtful];
    undo.push({
      what: `the automations of deployment "${name}"`,
      run: async () => {
        for (const there of before) await makeAgain(there);
      },
    });
    await deleteOwnedAutomations(client, owner);
  }
  // The server answers 202. Its own code deletes at once, but Prefect Cloud may do it later: what is still there does not stay.
  const isGone = async (there: ServerAutomation) => isDoubtful && (client.connection.isCloud || !(await readAutomation(client, there.id)));

  for (const there of plan.same) {
    if (await isGone(there)) await make(wholeOf(there), aboutThere(name, there));
    else ids.push(there.id);
  }
  for (const wanted of plan.create) {
    const about = aboutAutomation(name, wanted);
    checkDelay(wanted, await make(fieldsOf(wanted, id), about), about.about, client);
  }
  for (const { there, wanted, isSwitch } of plan.change) {
    const about = aboutAutomation(name, wanted);
    if (await isGone(there)) {
      checkDelay(wanted, await make(fieldsOf(wanted, id), about), about.about, client);
      continue;
    }
    ids.push(there.id);
    undo.push({ what: `${about.about} as it was`, run: () => replaceAutomation(client, there.id, wholeOf(there), about) });
    if (isSwitch) await enableAutomation(client, there.id, wanted.enabled, about);
    else await replaceAutomation(client, there.id, { ...fieldsOf(wanted, id), actions_on_trigger: [], actions_on_resolve: [] }, about);
    if (wanted.scheduleAfter > 0) checkDelay(wanted, await readAutomation(client, there.id), about.about, client);
  }
  for (const there of plan.remove) {
    undo.push({ what: aboutThere(name, there).about, run: () => makeAgain(there) });
    await deleteAutomation(client, there.id);
  }
  onWritten(ids);
}

function fieldsOf(wanted: DeploymentAutomation, deploymentId: string): AutomationFields {
  const { name, description, enabled, trigger } = wanted;
  return { name, description, enabled, trigger, actions: automationActions(wanted, deploymentId) };
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

function aboutThere(deployment: string, { name, actions }: ServerAutomation): AboutAutomation {
  return { about: `automation "${name}" of deployment "${deployment}"`, redact: longTexts(actions) };
}

function aboutAutomation(deployment: string, { name, jobVariables, parameters }: DeploymentAutomation): AboutAutomation {
  return { about: `automation "${name}" of deployment "${deployment}"`, redact: longTexts([jobVariables, parameters]) };
}
