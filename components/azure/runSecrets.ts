import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { blockNameOf } from "../submitting";

/** The secrets of a pool's runs, in a block. */
export interface RunSecrets {
  /** The block by its key; none without secrets. */
  blocks: Record<string, AnyJson>;
  /** How a template refers to one of them. */
  reference(name: string): string;
  /** A template with the environment variables among them. */
  inEnvironment(template: Record<string, AnyJson>): Record<string, AnyJson>;
}

/** The name of the key of a Log Analytics workspace in the block: no environment variable has a hyphen. */
const WORKSPACE_KEY = "workspace-key";

/**
 * Secrets that the runs of a pool have. A template stands in clear on a Prefect server, so they are in a block of type `secret`, and the template
 * refers to them.
 */
export function runSecrets(
  workPoolName: string,
  {
    secretEnv,
    prefectApiKey,
    workspaceKey,
  }: { secretEnv?: Record<string, pulumi.Input<string>>; prefectApiKey?: pulumi.Input<string>; workspaceKey?: pulumi.Input<string> },
): RunSecrets {
  const variables = { ...secretEnv, ...(prefectApiKey === undefined ? {} : { PREFECT_API_KEY: prefectApiKey }) };
  const values = { ...variables, ...(workspaceKey === undefined ? {} : { [WORKSPACE_KEY]: workspaceKey }) };
  const blockName = `${blockNameOf(workPoolName)}-runs`;
  const reference = (name: string) => `{{ prefect.blocks.secret.${blockName}.${name} }}`;
  const value = Object.fromEntries(Object.entries(values).map(([name, each]) => [name, pulumi.secret(each)]));
  return {
    blocks: Object.keys(values).length > 0 ? { [`secret/${blockName}`]: { data: { value } } } : {},
    reference,
    inEnvironment: (template) =>
      withEnvironment(
        template,
        Object.keys(variables).map((name) => ({ name, secureValue: reference(name) })),
      ),
  };
}

/** A template whose container groups send what they write to a workspace. Prefect's template has no variable for that. */
export function withLog(
  template: Record<string, AnyJson>,
  workspaceId: pulumi.Input<string>,
  reference: RunSecrets["reference"],
): Record<string, AnyJson> {
  const logAnalytics = { workspaceId, workspaceKey: reference(WORKSPACE_KEY) };
  return withProperties(template, (properties) => ({ ...properties, diagnostics: { ...properties.diagnostics, logAnalytics } }));
}

function withEnvironment(template: Record<string, AnyJson>, variables: readonly { name: string }[]): Record<string, AnyJson> {
  if (variables.length === 0) return template;
  return withProperties(template, (properties) => {
    const [{ properties: own, ...container }, ...others] = properties.containers;
    const before = (own.environmentVariables ?? []).filter((each: AnyJson) => !variables.some(({ name }) => name === each?.name));
    const environmentVariables = [...before, ...variables];
    return { ...properties, containers: [{ ...container, properties: { ...own, environmentVariables } }, ...others] };
  });
}

/** A template with other properties of its container group. */
function withProperties(template: Record<string, AnyJson>, change: (properties: AnyJson) => AnyJson): Record<string, AnyJson> {
  const job = template.job_configuration;
  const [group, ...others] = job.arm_template.resources;
  const resources = [{ ...group, properties: change(group.properties) }, ...others];
  return { ...template, job_configuration: { ...job, arm_template: { ...job.arm_template, resources } } };
}
