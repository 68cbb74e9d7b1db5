import type { Value, ValueObject } from "../json";
import { type Blocks, blocksInText, resolveBlocks } from "./blocks";
import { fill } from "./fill";
import { merge } from "./merge";
import { objectAt } from "./paths";
import { resolveVariables, variablesInText } from "./variables";

/** What a job is rendered from. */
export interface JobInput {
  /** Prefect's envelope: `job_configuration` and `variables`. */
  baseJobTemplate: ValueObject;
  deploymentJobVariables: ValueObject;
  flowRunJobVariables: ValueObject;
  /** By `<block type slug>/<block document name>`. */
  blocks: Blocks;
  /** For `{{ prefect.variables.x }}`. */
  variables: Record<string, Value>;
  /** For `{{ $NAME }}`. */
  env: Record<string, string | undefined>;
}

/**
 * The job configuration of one run, as Prefect's workers make it (`BaseJobConfiguration.resolve_for_flow_run`): job variables merged and
 * put into the template, then block references, then variables. Pure; secrets stay wrapped, and what is inside them is not templated.
 * @throws {UserError} naming the path of what is wrong, and the nearest name
 */
export function resolveJob(input: JobInput): ValueObject {
  const { job_configuration: configuration, variables: schema } = objectAt(input.baseJobTemplate, "baseJobTemplate");
  const half = "; it is one of a template's two halves";
  const { template, values } = merge({
    configuration: objectAt(configuration, "baseJobTemplate.job_configuration", half),
    schema: objectAt(schema, "baseJobTemplate.variables", half),
    deployment: objectAt(input.deploymentJobVariables, "job variables of the deployment"),
    run: objectAt(input.flowRunJobVariables, "job variables of the flow run"),
  });

  const { blocks, variables, env } = input;
  const path = "job_configuration";
  const finishBlocks = (text: string) => variablesInText(text, variables);
  const finish = (text: string, at: string) =>
    blocksInText(text, blocks, at).flatMap((part) => (typeof part === "string" ? finishBlocks(part) : [part]));

  const filled = fill(template, { values, env, finish }, path) as Value;
  return resolveVariables(resolveBlocks(filled, blocks, path, finishBlocks), variables, path) as ValueObject;
}
