import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { blockNameOf } from "../submitting";

/** The secrets of a pool's runs, in a block. */
export interface RunSecrets {
  /** The block by its key; none without secrets. */
  blocks: Record<string, AnyJson>;
  /** Environment variables: how a template refers to each. */
  env: Record<string, string>;
  /** How a template refers to the key of the workspace of runs. */
  workspaceKey: string;
}

/** The name of the key of a Log Analytics workspace in the block: no environment variable has a hyphen. */
const WORKSPACE_KEY = "workspace-key";
/** The variable that a template gets for it. A Prefect server takes references to blocks only as values of variables. */
const KEY_VARIABLE = "log_workspace_key";

/**
 * Secrets that the runs of a pool have. A Prefect server stores a template as plain text. So they are in a block of type `secret`, and
 * variables of the template refer to them.
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
    env: Object.fromEntries(Object.keys(variables).map((name) => [name, reference(name)])),
    workspaceKey: reference(WORKSPACE_KEY),
  };
}

/** The job variable env with secrets beside what a program gives, which replaces them. */
export function withSecretEnv(secrets: Record<string, string>, given: AnyJson): AnyJson {
  if (Object.keys(secrets).length === 0) return given;
  const isLater = pulumi.Output.isInstance(given) || given instanceof Promise;
  return isLater ? pulumi.output(given).apply((env) => ({ ...secrets, ...env })) : { ...secrets, ...given };
}

/** A template whose container groups send what they write to a workspace. Prefect's own has no variable for that. */
export function withLog(
  template: Record<string, AnyJson>,
  { workspaceId, workspaceKey }: { workspaceId: pulumi.Input<string>; workspaceKey: string },
): Record<string, AnyJson> {
  const { job_configuration: job, variables } = template;
  const [group, ...others] = job.arm_template.resources;
  const logAnalytics = { workspaceId, workspaceKey: `{{ ${KEY_VARIABLE} }}` };
  const properties = { ...group.properties, diagnostics: { ...group.properties.diagnostics, logAnalytics } };
  const variable = {
    title: "Log Workspace Key",
    description: "The key with which container groups write to their Log Analytics workspace.",
    type: "string",
    default: workspaceKey,
  };
  return {
    ...template,
    job_configuration: { ...job, arm_template: { ...job.arm_template, resources: [{ ...group, properties }, ...others] } },
    variables: { ...variables, properties: { ...variables.properties, [KEY_VARIABLE]: variable } },
  };
}
