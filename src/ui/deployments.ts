import { formatDuration } from "../duration";
import type { JsonObject, Value, ValueObject } from "../json";
import { isJsonObject } from "../json";
import type { RunSummary } from "../ledger/ledger";
import { checkDeploymentPool, type LoadedManifest } from "../manifest";
import type { DeploymentDefinition } from "../manifest/manifest";
import { occurrencesOf, readSchedule, type Schedule } from "../schedules";
import { UserError } from "../userError";
import { runLine } from "./commandLines";
import { Refused } from "./problem";
import type { Ui } from "./ui";
import type { DeploymentDetail, DeploymentList, DeploymentRow, Json, PoolVariable, RecentRun, ScheduleInfo } from "./wire";

/** How many recent runs a list shows of each deployment, and its own page. */
const IN_LIST = 30;
const ON_PAGE = 50;
/** How many next times of a schedule are shown. */
const NEXT = 5;

/** A deployment, from the Pulumi program or from a prefect.yaml. */
interface Known {
  name: string;
  definition: DeploymentDefinition;
  from: "pulumi" | "prefect.yaml";
  /** Fields of its file that have no effect here. */
  kept: JsonObject;
  deployedAt: number | undefined;
}

/** `GET /api/deployments` */
export async function listDeployments(ui: Ui): Promise<DeploymentList> {
  const loaded = await ui.stack.manifest();
  const known = await knownDeployments(ui, loaded);
  return { deployments: await Promise.all(known.map((one) => rowOf(ui, loaded, one, IN_LIST))) };
}

/**
 * `GET /api/deployments/FLOW/NAME`
 * @throws {Refused} if there is no such deployment
 */
export async function readDeployment(ui: Ui, name: string): Promise<DeploymentDetail> {
  const loaded = await ui.stack.manifest();
  const found = (await knownDeployments(ui, loaded)).find((one) => one.name === name);
  if (!found) throw new Refused(404, `there is no deployment ${JSON.stringify(name)} in ${loaded.origin}`);
  const { definition, kept } = found;
  const { lastRuns, ...row } = await rowOf(ui, loaded, found, ON_PAGE);
  const own = definition.workPool.jobVariables ?? {};
  const template = loaded.manifest.pools[definition.workPool.name]?.baseJobTemplate;
  return {
    ...row,
    lastRuns: lastRuns.slice(0, IN_LIST),
    recentRuns: lastRuns,
    // Through JSON, which prints each secret as the mask.
    definition: JSON.parse(JSON.stringify({ ...definition, ...kept })),
    parameterSchema: (definition.parameterSchema ?? null) as DeploymentDetail["parameterSchema"],
    defaults: (definition.parameters ?? {}) as DeploymentDetail["defaults"],
    tags: definition.tags ?? [],
    scheduleList: schedulesOf(found, Date.now()),
    poolVariables: template === undefined ? [] : variablesOf(template, own),
    commands: { run: runLine({ deployment: name }) },
  };
}

async function knownDeployments(ui: Ui, { manifest, stack }: LoadedManifest): Promise<Known[]> {
  const declared = Object.entries(manifest.deployments).map(
    ([name, definition]): Known => ({ name, definition, from: "pulumi", kept: {}, deployedAt: undefined }),
  );
  const deployed = (await ui.stack.ledger.deployments(stack)).map(
    ({ name, definition, kept, deployedAt }): Known => ({
      name,
      definition,
      from: "prefect.yaml",
      kept,
      deployedAt: Date.parse(deployedAt),
    }),
  );
  return [...declared, ...deployed].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function rowOf(ui: Ui, loaded: LoadedManifest, known: Known, runs: number): Promise<DeploymentRow> {
  const { name, definition, from } = known;
  const last = await ui.stack.ledger.page({ stack: loaded.stack, deployment: name }, { offset: 0, limit: runs });
  const schedules = schedulesOf(known, Date.now());
  const next = schedules.flatMap((one) => one.next.slice(0, 1)).sort()[0];
  const error = poolFault(loaded, known);
  return {
    name,
    workPool: definition.workPool.name,
    ...(schedules.length === 0 ? {} : { paused: schedules.every(({ active }) => !active) }),
    schedules: schedules.length,
    ...(next === undefined ? {} : { nextRun: next }),
    lastRuns: last.map(recent),
    from,
    ...(error === undefined ? {} : { error }),
  };
}

function poolFault({ manifest, origin }: LoadedManifest, { name, definition }: Known): string | undefined {
  try {
    checkDeploymentPool(manifest, name, definition, origin);
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message;
  }
}

function recent({ id, name, state, createdAt, startedAt, endedAt }: RunSummary): RecentRun {
  return { id, name, state, createdAt, ...(startedAt === undefined ? {} : { startedAt }), ...(endedAt === undefined ? {} : { endedAt }) };
}

/** A deployment's schedules in words, with their next times. */
function schedulesOf({ definition, deployedAt }: Known, now: number): ScheduleInfo[] {
  return (definition.schedules ?? []).map((given) => {
    const schedule = readSchedule(given);
    if ("fault" in schedule) return { description: `invalid: ${schedule.fault}`, active: false, next: [] };
    return {
      description: inWords(schedule),
      active: schedule.active,
      next: schedule.active ? nextTimes(schedule, deployedAt ?? now, now) : [],
    };
  });
}

/** A schedule as people write it. */
function inWords({ schedule }: Schedule): string {
  if ("cron" in schedule) return `cron ${schedule.cron} (${schedule.timezone})`;
  if ("rrule" in schedule) return `rrule ${schedule.rrule.replaceAll(/\s+/g, " ")} (${schedule.timezone})`;
  return `every ${formatDuration(schedule.interval * 1000)}`;
}

function nextTimes({ schedule }: Schedule, anchor: number, now: number): string[] {
  const times: string[] = [];
  try {
    for (const time of occurrencesOf(schedule, anchor).after(now)) {
      times.push(new Date(time).toISOString());
      if (times.length === NEXT) break;
    }
  } catch {
    // It never runs: `pushpool serve` says why.
  }
  return times;
}

/** The job variables that a pool's template declares. */
function variablesOf(template: ValueObject, ofDeployment: ValueObject): PoolVariable[] {
  const shown = (value: Value) => JSON.parse(JSON.stringify(value)) as Json;
  const { properties } = (isJsonObject(template.variables) ? template.variables : {}) as ValueObject;
  const definitions = (template.variables as ValueObject | undefined)?.definitions;
  return Object.entries((isJsonObject(properties) ? properties : {}) as ValueObject).map(([name, given]) => {
    const { title, description, default: usual, ...schema } = (isJsonObject(given) ? given : {}) as ValueObject;
    return {
      name,
      title: typeof title === "string" ? title : null,
      description: typeof description === "string" ? description : null,
      ...(usual === undefined ? {} : { default: shown(usual) }),
      schema: shown({ ...schema, ...(definitions === undefined ? {} : { definitions }) }) as PoolVariable["schema"],
      ...(Object.hasOwn(ofDeployment, name) ? { ofDeployment: shown(ofDeployment[name] as Value) } : {}),
    };
  });
}
