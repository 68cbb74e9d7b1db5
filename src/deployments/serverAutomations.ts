import { type DeploymentAutomation, metricIn, readDeploymentTriggers } from "../automations";
import type { JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";
import { listAutomations, type ServerAutomation } from "../prefect/api/automations";
import type { Client } from "../prefect/client";
import { differences } from "./deploymentDiff";
import { type AutomationPlan, automationActions, planAutomations } from "./planAutomations";
import type { Comparison, ToDeploy } from "./registry";
import type { AutomationWrite } from "./writeAutomations";

/** The automations of the deployments that one `deploy` compares and writes. */
export interface ServerAutomations {
  /** Read the server's automations, if the deployments may have any. */
  read(records: readonly ToDeploy[], there: ReadonlyMap<string, unknown>): Promise<void>;
  /**
   * Compare the triggers of a deployment, and add what differs.
   * @param id of the deployment on the server; absent for a new one
   * @param last what this workspace deployed last
   */
  compare(record: ToDeploy, change: Comparison, id: string | undefined, last: DeploymentRecord | undefined): Comparison;
  /** What to write for a deployment that was compared. */
  writeOf(name: string): AutomationWrite | undefined;
  /** The ids of the automations that a deployment of the file has now. */
  idsOf(name: string): string[];
  /** What is sent for the triggers of a deployment. */
  shown(record: DeploymentRecord, id: string | undefined): JsonObject[];
}

export function serverAutomations(client: Client): ServerAutomations {
  const { apiUrl, isCloud } = client.connection;
  /** Absent if this API has no automations. */
  let all: ServerAutomation[] | undefined;
  const known = new Set<string>();
  const plans = new Map<string, AutomationPlan>();
  const ids = new Map<string, string[]>();
  return {
    read: async (records, there) => {
      if (records.some((record) => there.has(record.name) || automationsOf(record).length > 0)) all = await listAutomations(client);
      for (const { id } of all ?? []) known.add(id);
    },
    compare: (record, change, id, last) => {
      const { name } = record;
      const wanted = automationsOf(record);
      if (!all) {
        const none = `the Prefect API at ${apiUrl} has no automations: the triggers of the file are not made`;
        return wanted.length === 0 ? change : { ...change, warnings: [...change.warnings, none] };
      }
      const place = { deployment: name, ...(id === undefined ? {} : { id }), there: all, noted: new Set(notedIn(last)) };
      const plan = planAutomations(wanted, { ...place, ...(last ? { before: automationsOf(last) } : {}) });
      plans.set(name, plan);
      ids.set(
        name,
        plan.same.map((one) => one.id),
      );
      const problem = isCloud ? undefined : metricFault(wanted, apiUrl);
      const changes = change.change === "create" ? [] : differences({ triggers: plan.from }, { triggers: plan.to });
      return {
        ...change,
        ...(changes.length + plan.doubtful.length > 0 ? { change: "update" } : {}),
        changes: [...change.changes, ...changes],
        warnings: [...change.warnings, ...notInFile(plan)],
        ...(problem === undefined ? {} : { problem }),
      };
    },
    writeOf: (name) => {
      const plan = plans.get(name);
      return plan && { plan, known, onWritten: (written) => ids.set(name, written) };
    },
    idsOf: (name) => ids.get(name) ?? [],
    shown: (record, id) =>
      automationsOf(record).map((wanted) => {
        const { name, description, enabled, trigger } = wanted;
        return { name, description, enabled, trigger, actions: automationActions(wanted, id) };
      }),
  };
}

/** The automations that the triggers of a deployment mean. A record of an older version may hold triggers that were never checked. */
function automationsOf({ name, kept }: DeploymentRecord): DeploymentAutomation[] {
  const triggers = Array.isArray(kept.triggers) ? kept.triggers : [];
  const { automations, faults } = readDeploymentTriggers(name.slice(name.indexOf("/") + 1), triggers);
  return faults.length > 0 ? [] : automations;
}

/** What happens to the other automations that run the deployment. */
function notInFile({ others, doubtful }: AutomationPlan): string[] {
  const found = [...others, ...doubtful];
  if (found.length === 0) return [];
  const names = found.map(({ name }) => `"${name}"`).sort();
  const which = `automations on the server also run it and are not in the file: ${names.join(", ")}`;
  if (doubtful.length === 0) return [`${which}. They stay`];
  return [
    `${which}. This workspace has never deployed it, so it does as \`prefect deploy\`: the server deletes those that this deployment made, and the triggers of the file are made again. What someone made by hand stays`,
  ];
}

/** Ids of the automations that this workspace deployed last. */
function notedIn(last: DeploymentRecord | undefined): string[] {
  const ids = last?.kept.automations;
  return Array.isArray(ids) ? (ids as string[]) : [];
}

function metricFault(wanted: readonly DeploymentAutomation[], apiUrl: string): string | undefined {
  const at = wanted.map(({ trigger }, index) => metricIn(trigger, `triggers[${index}]`)).find((found) => found !== undefined);
  return at && `${at}: metric triggers exist on Prefect Cloud only; the server at ${apiUrl} has event, compound and sequence`;
}
