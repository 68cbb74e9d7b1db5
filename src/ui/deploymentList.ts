import { checkDeploymentPool, type LoadedManifest } from "../manifest";
import { UserError } from "../userError";
import { runLine } from "./commandLines";
import { type KnownDeployment, nextOf, recent, scheduleInfos, variablesOf } from "./deploymentFacts";
import type { PrefectServer } from "./prefectServer";
import { Refused } from "./problem";
import type { Ui } from "./ui";
import type { DeploymentDetail, DeploymentList, DeploymentRow } from "./wire";

/** How many recent runs a list shows of each deployment, and its own page. */
const IN_LIST = 30;
const ON_PAGE = 50;
/** `GET /api/deployments` */
export async function deploymentList(ui: Ui): Promise<DeploymentList> {
  const loaded = await ui.stack.manifest();
  const prefect = await prefectOf(ui, loaded);
  if (prefect.server) {
    const { serverDeployments } = await import("./serverDeployments.js");
    return { deployments: await serverDeployments(prefect.server.client) };
  }
  const known = await knownDeployments(ui, loaded);
  return {
    ...(prefect.notice === undefined ? {} : { notice: prefect.notice }),
    deployments: await Promise.all(known.map((one) => rowOf(ui, loaded, one, IN_LIST))),
  };
}

/**
 * `GET /api/deployments/FLOW/NAME`
 * @throws {Refused} if there is no such deployment
 */
export async function deploymentDetail(ui: Ui, name: string): Promise<DeploymentDetail> {
  const loaded = await ui.stack.manifest();
  const { server } = await prefectOf(ui, loaded);
  if (server) {
    const { serverDeployment } = await import("./serverDeployments.js");
    const there = await serverDeployment(server.client, name, (path) => ui.prefectUrl(path));
    if (!there) throw new Refused(404, `there is no deployment ${JSON.stringify(name)} on the Prefect server`);
    return there;
  }
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
    scheduleList: scheduleInfos(found, Date.now()),
    poolVariables: template === undefined ? [] : variablesOf(template, own),
    commands: { run: runLine({ deployment: name }) },
  };
}

async function knownDeployments(ui: Ui, { manifest, stack }: LoadedManifest): Promise<KnownDeployment[]> {
  const declared = Object.entries(manifest.deployments).map(
    ([name, definition]): KnownDeployment => ({ name, definition, from: "pulumi", kept: {}, deployedAt: undefined }),
  );
  const deployed = (await ui.stack.ledger.deployments(stack)).map(
    ({ name, definition, kept, deployedAt }): KnownDeployment => ({
      name,
      definition,
      from: "prefect.yaml",
      kept,
      deployedAt: Date.parse(deployedAt),
    }),
  );
  return [...declared, ...deployed].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function rowOf(ui: Ui, loaded: LoadedManifest, known: KnownDeployment, runs: number): Promise<DeploymentRow> {
  const { name, definition, from } = known;
  const last = await ui.stack.ledger.page({ stack: loaded.stack, deployment: name }, { offset: 0, limit: runs });
  const schedules = scheduleInfos(known, Date.now());
  const next = nextOf(schedules);
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

function poolFault({ manifest, origin }: LoadedManifest, { name, definition }: KnownDeployment): string | undefined {
  try {
    checkDeploymentPool(manifest, name, definition, origin);
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message;
  }
}

/** The Prefect server of the stack, or why it does not answer. */
export async function prefectOf(ui: Ui, { manifest }: LoadedManifest): Promise<{ server?: PrefectServer; notice?: string }> {
  if (manifest.prefect === undefined) return {};
  try {
    return { server: await ui.prefect() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    ui.serverFailed(error.message);
    return { notice: error.message };
  }
}
