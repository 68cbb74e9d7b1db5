import type { JsonObject } from "../../json";
import { POOL_TAG, STACK_TAG } from "../../manifest/cloudNames";
import { allItems, inBatches, itemsOf } from "../cloud/pages";
import { A_FEW, type LeftoversOf, Removal } from "../cloud/removal";
import type { Leftovers } from "../target";
import type { DefinitionFacts, EcsApi } from "./ecsApi";
import type { DefinitionStatus } from "./ecsLeftoverCalls";
import { familyName, SHAPE_TAG, tagsOf } from "./ecsNames";
import { definitionNote, tidyNote } from "./ecsNotes";
import { SECRET_DESCRIPTION } from "./secretStore";
import { familyPrefix } from "./taskDefinition";

/** The owner of the leftovers, and where they are. */
export interface EcsLeftovers extends LeftoversOf {
  api: EcsApi;
  /** The folder of the pool's secrets, and the one that all stacks shared with pushpool 0.1.0; with trailing slashes. */
  folder: string;
  sharedFolder: string;
  /** Families that the program names itself. */
  families: string[];
  /** Execution roles of the pool's runs, by which definitions of pushpool 0.1.0 are recognized. */
  roles: string[];
  /** The account that they are in, for notes. */
  place: string;
}

/** How many AWS deletes in one call. */
const BATCH = 10;
/** How many families one tidying looks at. */
const FAMILIES = 10;
/** How many task definitions one `destroy` removes: AWS allows one deregistration a second. */
const MAX_DEFINITIONS = 300;

/**
 * Remove what no run has used for a while, with a limited number of calls. A family's latest revision stays, and so does what this ledger's
 * runs have used.
 * @param unused milliseconds
 * @returns whether more is left
 */
export async function tidyEcs(of: EcsLeftovers, unused: number): Promise<boolean> {
  const { api, notes, signal } = of;
  const before = Date.now() - unused;
  const { items, next } = await api.listParameters(withoutSlash(of.folder), undefined, signal);
  const old = items.filter((each) => isOurs(each) && each.modifiedAt < before).map(({ name }) => name);
  if (old.length > 0) await api.deleteParameters(old.slice(0, BATCH), signal);
  let more = old.length > BATCH || next !== undefined;

  const { items: families, next: others } = await api.listFamilies(`${familyPrefix(of.stack)}_`, "ACTIVE", undefined, signal);
  const cursor = await tidyNote(notes, of.stack, of.pool).held();
  const after = families.filter((family) => cursor.value === undefined || family > cursor.value);
  const some = (after.length > 0 ? after : families).slice(0, FAMILIES);
  await cursor.replace(some.at(-1));
  more ||= others !== undefined || families.length > FAMILIES;
  const removed: string[] = [];
  for (const family of some) {
    const { items: arns } = await api.listDefinitions(family, "ACTIVE", undefined, signal);
    for (const arn of arns.slice(0, -1)) {
      if (removed.length >= A_FEW) break;
      const found = await api.describeTaskDefinition(arn, { signal });
      if (!found || !isOfStack(of, found)) continue;
      if ((found.definition.registeredAt?.getTime() ?? Date.now()) >= before) break;
      const used = await definitionNote(notes, of.place, family, found.tags[SHAPE_TAG] ?? "").held();
      if (used.value !== undefined && used.value.at >= before) continue;
      // First the note: a process that reads it from now on registers another.
      if (used.value !== undefined && !(await used.replace(undefined))) continue;
      await api.deregisterTaskDefinition(arn);
      removed.push(arn);
    }
  }
  for (const batch of inBatches(removed, BATCH)) await api.deleteDefinitions(batch, signal);
  return more || removed.length >= A_FEW;
}

const SECRETS = "secrets in Parameter Store";

/** Remove everything that the pool's runs created, secrets first. */
export async function removeEcsLeftovers(of: EcsLeftovers): Promise<Leftovers> {
  const { api, signal } = of;
  const removal = new Removal(of);
  const deleteSecrets = async (names: string[]) => {
    for (const batch of inBatches(names, BATCH)) {
      await api.deleteParameters(batch, signal);
      removal.count(SECRETS, batch.length);
    }
  };

  const secrets: string[] = [];
  await removal.part("deleting the secrets of its runs", async () => {
    for await (const found of parametersOf(of, of.folder)) if (isOurs(found)) secrets.push(found.name);
    await deleteSecrets(secrets);
  });
  if (removal.removed(SECRETS) < secrets.length)
    removal.keep(`secrets stay: delete them with \`aws ssm delete-parameters --names ${secrets.slice(0, BATCH).join(" ")}\``);

  await removal.part("removing the task definitions of its runs", async () => {
    const families = new Set(of.families.map(familyName));
    for await (const family of familiesOf(of, `${familyPrefix(of.stack)}_`, "ALL")) families.add(family);
    await removeDefinitions(families, ["INACTIVE", "ACTIVE"], (found) => isOfStack(of, found));
  });

  // Left by pushpool 0.1.0, which did not record the stack.
  await removal.part("removing what pushpool 0.1.0 has left of its runs", async () => {
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
    const lost: string[] = [];
    for await (const { name } of parametersOf(of, of.sharedFolder))
      if (/-[0-9a-f]{16}$/.test(name) && !mine.has(name) && !others.has(name)) lost.push(name);
    if (lost.length > 0)
      removal.keep(
        `secrets of pushpool 0.1.0 stay, because they may be another stack's: if not, delete them with \`aws ssm delete-parameters --names ${lost.slice(0, BATCH).join(" ")}\``,
      );
  });
  return removal.done();

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
        for (const { arn, reason } of failures) removal.keep(`task definition ${arn} stays: ${reason}`);
        removal.count("task definitions", batch.length - failures.length);
      }
    };
    let seen = 0;
    for (const family of families) {
      for (const status of statuses) {
        const all = await allItems((token) => api.listDefinitions(family, status, token, signal));
        for (const arn of all) {
          const found = await api.describeTaskDefinition(arn, { signal });
          if (!found || !wanted(found)) continue;
          if (++seen > MAX_DEFINITIONS) {
            await flush(1);
            removal.keep(
              `more than ${MAX_DEFINITIONS} task definitions: those of family ${family} and on stay. Find them with \`aws ecs list-task-definitions --family-prefix ${family}\``,
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

/** Names of the parameters directly in a folder that a definition's containers use. */
function secretsIn(definition: JsonObject, folder: string): string[] {
  const containers = (definition.containerDefinitions ?? []) as { secrets?: { valueFrom: string }[] }[];
  return containers
    .flatMap(({ secrets = [] }) => secrets.map(({ valueFrom }) => valueFrom))
    .filter((name) => name.startsWith(folder) && !name.slice(folder.length).includes("/"));
}

function parametersOf({ api, signal }: EcsLeftovers, folder: string) {
  return itemsOf((token) => api.listParameters(withoutSlash(folder), token, signal));
}

function familiesOf({ api, signal }: EcsLeftovers, prefix: string, status: "ACTIVE" | "ALL") {
  return itemsOf((token) => api.listFamilies(prefix, status, token, signal));
}

function withoutSlash(folder: string): string {
  return folder.replace(/\/$/, "");
}
