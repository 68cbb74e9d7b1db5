import type { JsonObject } from "../../json";
import { POOL_TAG, STACK_TAG } from "../../manifest/cloudNames";
import { UserError } from "../../userError";
import type { Leftovers, SharedNotes } from "../target";
import type { DefinitionFacts, EcsApi } from "./ecsApi";
import { definitionNote, tidyNote } from "./ecsNotes";
import type { DefinitionStatus } from "./leftoverCalls";
import { familyName, SHAPE_TAG, tagsOf } from "./names";
import { SECRET_DESCRIPTION } from "./secretStore";
import { familyPrefix } from "./taskDefinition";

/** Whose leftovers they are, and where. */
export interface EcsLeftovers {
  api: EcsApi;
  notes: SharedNotes;
  /** As names and tags in the cloud have it. */
  stack: string;
  pool: string;
  /** Folder of the pool's secrets, and the one that all stacks shared with pushpool 0.1.0; with a slash at their ends. */
  folder: string;
  sharedFolder: string;
  /** Families that the program names itself. */
  families: string[];
  /** Execution roles of the pool's runs: what pushpool 0.1.0 registered is known by them. */
  roles: string[];
  /** Whose account they are in, for notes. */
  place: string;
  /** What is said of a call that failed. */
  explained<T>(what: string, work: () => Promise<T>): Promise<T>;
  signal: AbortSignal;
}

/** What AWS takes in one call that deletes. */
const BATCH = 10;
/** The most that one tidying removes of a kind, and the most families that it looks at. */
const A_FEW = 20;
const FAMILIES = 10;
/** The most task definitions that one `destroy` removes: AWS takes one deregistration a second. */
const MOST = 300;

/**
 * Remove what no run has used for a while: some calls, however much there is. A family's latest revision stays, as does what this ledger's runs have used.
 * @param unused milliseconds
 * @returns whether more is left
 */
export async function tidyEcs(of: EcsLeftovers, unused: number): Promise<boolean> {
  const { api, notes, signal } = of;
  const before = Date.now() - unused;
  const { parameters, next } = await api.listParameters(withoutSlash(of.folder), undefined, signal);
  const old = parameters.filter((each) => isOurs(each) && each.modifiedAt < before).map(({ name }) => name);
  if (old.length > 0) await api.deleteParameters(old.slice(0, BATCH), signal);
  let more = old.length > BATCH || next !== undefined;

  const { families, next: others } = await api.listFamilies(`${familyPrefix(of.stack)}_`, "ACTIVE", undefined, signal);
  const cursor = await tidyNote(notes, of.stack, of.pool).held();
  const after = families.filter((family) => cursor.value === undefined || family > cursor.value);
  const some = (after.length > 0 ? after : families).slice(0, FAMILIES);
  await cursor.replace(some.at(-1));
  more ||= others !== undefined || families.length > FAMILIES;
  const removed: string[] = [];
  for (const family of some) {
    const { arns } = await api.listDefinitions(family, "ACTIVE", undefined, signal);
    for (const arn of arns.slice(0, -1)) {
      if (removed.length >= A_FEW) break;
      const found = await api.describeTaskDefinition(arn, signal);
      if (!found || !isOfStack(of, found)) continue;
      if ((found.definition.registeredAt?.getTime() ?? Date.now()) >= before) break;
      const used = await definitionNote(notes, of.place, family, found.tags[SHAPE_TAG] ?? "").held();
      if (used.value !== undefined && used.value.at >= before) continue;
      // First: who reads it now registers another.
      if (used.value !== undefined && !(await used.replace(undefined))) continue;
      await api.deregisterTaskDefinition(arn);
      removed.push(arn);
    }
  }
  for (const batch of inBatches(removed)) await api.deleteDefinitions(batch, signal);
  return more || removed.length >= A_FEW;
}

/** Remove everything that the pool's runs have made, secrets first. */
export async function removeEcsLeftovers(of: EcsLeftovers): Promise<Leftovers> {
  const { api, signal } = of;
  const removed: Record<string, number> = {};
  const kept: string[] = [];
  const part = async (what: string, work: () => Promise<void>) => {
    try {
      await of.explained(what, work);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      kept.push(error.message);
    }
  };
  const count = (what: string, number: number) => {
    if (number > 0) removed[what] = (removed[what] ?? 0) + number;
  };
  const deleteSecrets = async (names: string[]) => {
    for (const batch of inBatches(names)) {
      await api.deleteParameters(batch, signal);
      count("secrets in Parameter Store", batch.length);
    }
  };

  let secrets: string[] = [];
  await part("deleting the secrets of its runs", async () => {
    secrets = (await allParameters(of, of.folder)).filter(isOurs).map(({ name }) => name);
    await deleteSecrets(secrets);
  });
  if ((removed["secrets in Parameter Store"] ?? 0) < secrets.length)
    kept.push(`secrets stay: delete them with \`aws ssm delete-parameters --names ${secrets.slice(0, BATCH).join(" ")}\``);

  await part("removing the task definitions of its runs", async () => {
    const families = new Set(of.families.map(familyName));
    for await (const family of familiesOf(of, `${familyPrefix(of.stack)}_`, "ALL")) families.add(family);
    await removeDefinitions(families, ["INACTIVE", "ACTIVE"], (found) => isOfStack(of, found));
  });

  // What pushpool 0.1.0 has left, which says nothing of a stack.
  await part("removing what pushpool 0.1.0 has left of its runs", async () => {
    const mine = new Set<string>();
    const others = new Set<string>();
    const families = new Set<string>();
    for await (const family of familiesOf(of, familyName(`prefect_${of.pool}`), "ACTIVE")) families.add(family);
    await removeDefinitions(families, ["ACTIVE"], (found) => {
      if (found.tags[STACK_TAG] !== undefined || found.tags[SHAPE_TAG] === undefined) return false;
      const own = of.roles.includes(found.definition.executionRoleArn ?? "");
      for (const name of secretsIn(found.definition as unknown as JsonObject, of.sharedFolder)) (own ? mine : others).add(name);
      return own;
    });
    await deleteSecrets([...mine].filter((name) => !others.has(name)));
    const lost = (await allParameters(of, of.sharedFolder))
      .map(({ name }) => name)
      .filter((name) => /-[0-9a-f]{16}$/.test(name) && !mine.has(name) && !others.has(name));
    if (lost.length > 0)
      kept.push(
        `secrets of pushpool 0.1.0 stay, since they may be another stack's: if not, delete them with \`aws ssm delete-parameters --names ${lost.slice(0, BATCH).join(" ")}\``,
      );
  });
  return { removed, kept };

  async function removeDefinitions(
    families: ReadonlySet<string>,
    statuses: DefinitionStatus[],
    wanted: (found: DefinitionFacts) => boolean,
  ): Promise<void> {
    const inactive: string[] = [];
    const flush = async (least: number) => {
      while (inactive.length >= least && inactive.length > 0) {
        const batch = inactive.splice(0, BATCH);
        const failures = await api.deleteDefinitions(batch, signal);
        for (const { arn, reason } of failures) kept.push(`task definition ${arn} stays: ${reason}`);
        count("task definitions", batch.length - failures.length);
      }
    };
    let seen = 0;
    for (const family of families) {
      for (const status of statuses) {
        for (const arn of await allDefinitions(of, family, status)) {
          const found = await api.describeTaskDefinition(arn, signal);
          if (!found || !wanted(found)) continue;
          if (++seen > MOST) {
            await flush(1);
            kept.push(
              `more than ${MOST} task definitions: those of family ${family} and on stay. Find them with \`aws ecs list-task-definitions --family-prefix ${family}\``,
            );
            return;
          }
          if (found.active) await api.deregisterTaskDefinition(arn);
          inactive.push(arn);
          await flush(BATCH);
        }
      }
    }
    await flush(1);
  }
}

function isOurs({ description }: { description: string }): boolean {
  return description.startsWith(SECRET_DESCRIPTION);
}

function isOfStack({ stack, pool }: EcsLeftovers, { tags }: DefinitionFacts): boolean {
  const [wanted] = tagsOf({ [POOL_TAG]: pool }, "tags").tags;
  return tags["managed-by"] === "pushpool" && tags[STACK_TAG] === stack && tags[POOL_TAG] === wanted?.value;
}

/** Names of the parameters directly in a folder that a definition's containers get. */
function secretsIn(definition: JsonObject, folder: string): string[] {
  const containers = (definition.containerDefinitions ?? []) as { secrets?: { valueFrom: string }[] }[];
  return containers
    .flatMap(({ secrets = [] }) => secrets.map(({ valueFrom }) => valueFrom))
    .filter((name) => name.startsWith(folder) && !name.slice(folder.length).includes("/"));
}

async function allParameters({ api, signal }: EcsLeftovers, folder: string) {
  return all(async (token) => {
    const { parameters, next } = await api.listParameters(withoutSlash(folder), token, signal);
    return { items: parameters, ...(next === undefined ? {} : { next }) };
  });
}

async function allDefinitions({ api, signal }: EcsLeftovers, family: string, status: DefinitionStatus) {
  return all(async (token) => {
    const { arns, next } = await api.listDefinitions(family, status, token, signal);
    return { items: arns, ...(next === undefined ? {} : { next }) };
  });
}

async function* familiesOf({ api, signal }: EcsLeftovers, prefix: string, status: "ACTIVE" | "ALL"): AsyncGenerator<string> {
  yield* await all(async (token) => {
    const { families, next } = await api.listFamilies(prefix, status, token, signal);
    return { items: families, ...(next === undefined ? {} : { next }) };
  });
}

async function all<T>(page: (token?: string) => Promise<{ items: T[]; next?: string }>): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const { items, next } = await page(token);
    found.push(...items);
    token = next;
  } while (token !== undefined);
  return found;
}

function inBatches<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / BATCH) }, (_, index) => all.slice(index * BATCH, (index + 1) * BATCH));
}

function withoutSlash(folder: string): string {
  return folder.replace(/\/$/, "");
}
