import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import { textOfReply } from "../cloud/failure";
import type { ContainerFacts, TaskFacts } from "./ecsOutcome";

/** The flow run's container unless one is named, as in Prefect. */
export const USUAL_CONTAINER = "prefect";

/** The variables that identify a flow run's container. They are in its overrides, or in its definition if they were too long. */
const RUN_VARIABLES = ["PUSHPOOL_FLOW_RUN_ID", "PREFECT__FLOW_RUN_ID"];

type Environment = { name?: string | undefined }[] | undefined;

/**
 * Find the run's container if no note names it.
 *
 * It is the first of these: the one with the run's variables, the only one with a command, the one with Prefect's default name, the only
 * essential one, the only one.
 * @param definition the containers of its task definition, if known
 * @returns its name; `undefined` if nothing decides
 */
export function ownContainerOf(
  { containers, overrides }: Pick<TaskFacts, "containers" | "overrides">,
  definition: readonly ContainerDefinition[] = [],
): string | undefined {
  const overridden = overrides?.containerOverrides ?? [];
  const isRuns = ({ environment }: { environment?: Environment }) =>
    environment?.some(({ name }) => RUN_VARIABLES.includes(name ?? "")) ?? false;
  const names = new Set([...containers.map(({ name }) => name), ...definition.map(({ name = "" }) => name)]);
  const commanded = overridden.filter(({ command }) => (command ?? []).length > 0);
  const essential =
    definition.length > 0 ? definition.filter((each) => each.essential !== false) : containers.filter((each) => each.essential);
  return (
    [...overridden, ...definition].find(isRuns)?.name ??
    (commanded.length === 1 ? commanded[0]?.name : undefined) ??
    (names.has(USUAL_CONTAINER) ? USUAL_CONTAINER : undefined) ??
    (essential.length === 1 ? essential[0]?.name : undefined) ??
    (names.size === 1 ? [...names][0] : undefined)
  );
}

/** The reasons that ECS gives for a container that never ran, whatever its exit code. */
const NEVER_RAN =
  /^(CannotPull\w*|CannotCreate\w*|CannotStart\w*|ResourceInitialization\w*|HostConfig\w*|DockerState\w*|DockerClientConfig\w*|\w*(Secret|Auth|Credential)\w*Error|((ContainerRuntime|Docker)TimeoutError): Could not transition to (created|pulled|running|started))\b/i;

/** Whether ECS gives this reason for a container that never ran. */
export function neverRan(reason: string | undefined): boolean {
  return NEVER_RAN.test(reason ?? "");
}

/** Whether a container ran until its end. */
export function ranToAnEnd({ exitCode, reason }: ContainerFacts): boolean {
  return exitCode !== undefined && !neverRan(reason);
}

/** Whether its exit code is that of a SIGTERM or a SIGKILL. */
export function isTakenDown({ exitCode }: ContainerFacts): boolean {
  return exitCode === 137 || exitCode === 143;
}

/** Sidecars that AWS adds to a task: they are never essential. */
const INJECTED = /^(aws-guardduty-agent|ecs-service-connect|aws-fargate-)/;

/**
 * Why a container never started or was stopped, if the task's other containers show it. One sentence each, the likeliest first.
 *
 * A container that is not essential stops no other when it ends. One that ended with 0 is a finished init container, unless it is known to
 * be essential.
 * @param blame whether the end of another container may be the cause, not only a failed start or a kill
 */
export function causesIn({ containers, startedAt }: TaskFacts, own: ContainerFacts | undefined, blame: boolean): string[] {
  const others = containers.filter((each) => each !== own);
  const found: [number, string][] = [];
  for (const each of others) {
    const { name, exitCode, reason, healthStatus } = each;
    const text = textOfReply(reason ?? "");
    const stops = each.essential !== false && !INJECTED.test(name);
    const ran = ranToAnEnd(each);
    const unhealthy = healthStatus === "UNHEALTHY" && blame && own?.exitCode !== 0;
    // Before its start, the run's container may wait until another one is healthy.
    if (unhealthy && (stops || (own?.exitCode === undefined && startedAt === undefined)))
      found.push([3, `container "${name}" was unhealthy`]);
    const withIt = stops && (own?.exitCode === undefined || isTakenDown(own)) ? ", and ECS stopped the task with it" : "";
    if (/OutOfMemory/i.test(text)) found.push([1, `container "${name}" ran out of memory (${text})${withIt}`]);
    else if (!ran && text !== "") {
      // The run's container ran without it, so this is not why it stopped.
      if (stops || own === undefined || !isTakenDown(own)) found.push([0, `container "${name}": ${text}`]);
    } else if (!blame || !ran || isTakenDown(each) || own?.exitCode === 0) continue;
    else if (exitCode === 0 && each.essential !== true) continue;
    else if (own?.exitCode === undefined && startedAt === undefined)
      found.push([2, `container "${name}" ${endOf(each)} before the run's could start`]);
    else if (stops || own?.exitCode === undefined) found.push([2, `container "${name}" ${endOf(each)}${withIt}`]);
  }
  if (own?.healthStatus === "UNHEALTHY" && own.exitCode !== 0) found.push([3, "its own health check failed"]);
  return found.sort(([a], [b]) => a - b).map(([, text]) => text);
}

/** `exited with code 1`, or as much as ECS reports. */
export function endOf({ exitCode, reason }: ContainerFacts): string {
  const why = reason ? ` (${textOfReply(reason)})` : "";
  return exitCode === undefined ? `has no exit code${why}` : `exited with code ${exitCode}${why}`;
}
