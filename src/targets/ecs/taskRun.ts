import type { Value, ValueObject } from "../../json";
import { suggestion } from "../../nearest";
import type { Secret } from "../../secret";
import { UserError } from "../../userError";
import { listAt, objectAt, textAt, wordsAt } from "../jobValues";
import { environmentAt, sizeText, withoutEmpty } from "./taskValues";

const RUN = "job_configuration.task_run_request";
const SHOWN = "everyone who may read the task could read it. Pass it in env";
const LAUNCH_TYPES = ["FARGATE", "EC2", "EXTERNAL", "FARGATE_SPOT"];

/** Where a task goes: `request` has the fields for `RunTask`. A strategy overrides a launch type; FARGATE_SPOT is a strategy. */
export function capacityOf(asked: ValueObject): { fargate: boolean; request: ValueObject } {
  const strategy = asked.capacityProviderStrategy;
  if (strategy !== undefined) {
    const names = listAt(strategy, `${RUN}.capacityProviderStrategy`).map((each, index) =>
      textAt(
        objectAt(each, `${RUN}.capacityProviderStrategy[${index}]`).capacityProvider,
        `${RUN}.capacityProviderStrategy[${index}].capacityProvider`,
      ),
    );
    // As in Prefect, the definition is for the launch type, unless the providers say more.
    const fargate = names.some((name) => name?.startsWith("FARGATE")) || (names.length === 0 && asked.launchType === "FARGATE");
    return { fargate, request: { capacityProviderStrategy: strategy } };
  }
  const type = textAt(asked.launchType, `${RUN}.launchType`) ?? "FARGATE";
  if (!LAUNCH_TYPES.includes(type))
    throw new UserError(`${RUN}.launchType: "${type}" is not a launch type: ${suggestion(type, LAUNCH_TYPES)}`);
  if (type === "FARGATE_SPOT")
    return { fargate: true, request: { capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }] } };
  return { fargate: type === "FARGATE", request: { launchType: type } };
}

/**
 * @param given `network_configuration`: subnets, security groups and so on, without their wrapper, as in Prefect
 * @param own the template's own `networkConfiguration`, in ECS' form
 * @param needed whether the task has its own network (`awsvpc`)
 * @param vpc `vpc_id`
 */
export function networkOf(
  given: Value | undefined,
  own: Value | undefined,
  needed: boolean,
  vpc: Value | undefined,
): ValueObject | undefined {
  const path = "job_configuration.network_configuration";
  const inner = given === null || given === undefined ? {} : (withoutEmpty(objectAt(given, path)) as ValueObject);
  if (Object.keys(inner).length === 0) {
    if (own !== undefined) return objectAt(own, `${RUN}.networkConfiguration`);
    const vpcId = textAt(vpc, "job_configuration.vpc_id");
    if (vpcId !== undefined)
      throw new UserError(
        `job_configuration.vpc_id: pushpool does not look for the subnets of ${JSON.stringify(vpcId)}: name them in network_configuration: {"subnets": ["subnet-…"], "securityGroups": ["sg-…"], "assignPublicIp": "ENABLED"}, or leave vpc_id out where the task has its host's network`,
      );
    if (!needed) return undefined;
    throw new UserError(
      `${path}: a task with its own network needs subnets: {"subnets": ["subnet-…"], "securityGroups": ["sg-…"], "assignPublicIp": "ENABLED"}`,
    );
  }
  if (inner.awsvpcConfiguration !== undefined)
    throw new UserError(`${path}: give subnets, securityGroups and assignPublicIp without the awsvpcConfiguration around them`);
  const known = ["subnets", "securityGroups", "assignPublicIp"];
  for (const key of Object.keys(inner))
    if (!known.includes(key)) throw new UserError(`${path}.${key}: ECS has no such field here: ${suggestion(key, known)}`);
  const { subnets, assignPublicIp } = inner;
  listAt(subnets, `${path}.subnets`, "a list of subnets' ids");
  if (assignPublicIp !== undefined && assignPublicIp !== "ENABLED" && assignPublicIp !== "DISABLED")
    throw new UserError(`${path}.assignPublicIp: must be "ENABLED" or "DISABLED", not ${JSON.stringify(assignPublicIp)}`);
  return { awsvpcConfiguration: inner };
}

export interface Overridden {
  /** Name of the run's container, if the template has one. */
  container: string | undefined;
  command: string[] | undefined;
  env: Record<string, string | Secret>;
  /** Of the run's container, besides command and environment. */
  own: ValueObject;
  /** Of other containers. */
  others: ValueObject[];
  /** Of the task. */
  rest: ValueObject;
}

/** The overrides of a run's task definition. The job configuration's own `command` and `env` are merged over the template's. */
export function overridesOf(asked: ValueObject, job: ValueObject, jobEnv: Record<string, string | Secret>, ours: boolean): Overridden {
  const path = `${RUN}.overrides`;
  const given = asked.overrides === undefined ? {} : objectAt(asked.overrides, path);
  const list = listAt(given.containerOverrides ?? [], `${path}.containerOverrides`);
  const all = list.map((each, index) => objectAt(each, `${path}.containerOverrides[${index}]`));
  const wanted = textAt(job.container_name, "job_configuration.container_name");
  const index = Math.max(
    0,
    all.findIndex(({ name }) => name === (wanted ?? "prefect")),
  );
  const { name, command: templated, environment, ...inner } = all[index] ?? {};
  const at = `${path}.containerOverrides[${index}]`;
  const command = wordsAt(job.command, "job_configuration.command", SHOWN) ?? wordsAt(templated, `${at}.command`, SHOWN);
  if (command === undefined && ours) throw new UserError("job_configuration.command is missing: say what to run");
  const { containerOverrides: _, cpu, memory, ...rest } = given;
  const taskCpu = sizeText(cpu, `${path}.cpu`);
  const taskMemory = sizeText(memory, `${path}.memory`);
  return {
    container: wanted ?? textAt(name, `${at}.name`),
    command,
    env: { ...environmentAt(environment, `${at}.environment`), ...jobEnv },
    own: inner,
    others: all.filter((_each, other) => other !== index),
    rest: { ...rest, ...(taskCpu === undefined ? {} : { cpu: taskCpu }), ...(taskMemory === undefined ? {} : { memory: taskMemory }) },
  };
}
