import { hash } from "node:crypto";
import type { Value } from "../../json";
import { UserError } from "../../userError";
import { cleanLabels } from "../cloud/cleanLabels";
import { neededTextAt } from "../jobValues";

/** Where a container group is. */
export interface GroupPlace {
  subscription: string;
  resourceGroup: string;
}

export interface GroupName extends GroupPlace {
  group: string;
}

const PROVIDER = "providers/Microsoft.ContainerInstance/containerGroups";
const ID = new RegExp(`^/subscriptions/([^/]+)/resourceGroups/([^/]+)/${PROVIDER}/([^/]+)$`);

/** The infrastructure id of this target: the container group's resource id. */
export function formatId({ subscription, resourceGroup, group }: GroupName): string {
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/${PROVIDER}/${group}`;
}

/** @throws {Error} if it is not an id of this target */
export function parseId(id: string): GroupName {
  const [, subscription, resourceGroup, group] = ID.exec(id) ?? [];
  if (subscription === undefined || resourceGroup === undefined || group === undefined)
    throw new Error(`"${id}" is not the id of a container group`);
  return { subscription, resourceGroup, group };
}

const PREFIX = "pp";

/**
 * The name of an attempt's container group, the same from any machine: up to 63 lower-case letters, digits and single hyphens.
 * @param stack the stack's id: ten characters
 */
export function groupName(stack: string, runId: string, attempt: number): string {
  const id = runId.replaceAll("-", "").toLowerCase();
  const run = /^[0-9a-f]{32}$/.test(id) ? id : hash("sha256", runId, "hex").slice(0, 32);
  return `${PREFIX}-${stack}-${run}-${attempt}`;
}

/** The tag by which a group is known to be the one of an attempt. */
export const RUN_TAG = "pushpool-run";

export function runTagValue(runId: string, attempt: number): string {
  return `${runId}/${attempt}`;
}

/** Most tags of a resource in Azure (https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations). */
const MAX_TAGS = 50;

/**
 * Labels as tags. A name has up to 512 characters, none of `<>%&\?/`; a value up to 256. Azure ignores the case of names.
 * @param labels the weakest first: of two that become one tag the last is kept
 * @returns with a line on each label that is lost
 * @throws {UserError} for more than 50 tags
 */
export function tagsOf(labels: Record<string, string>, path: string): { tags: Record<string, string>; warnings: string[] } {
  const { labels: tags, warnings } = cleanLabels(
    labels,
    (key, value) => [key.replaceAll(/[<>%&\\?/\p{Cc}]/gu, "-").slice(0, 512), value.slice(0, 256)],
    path,
  );
  const count = Object.keys(tags).length;
  if (count > MAX_TAGS) throw new UserError(`${path}: with pushpool's own they are ${count} tags, and Azure accepts ${MAX_TAGS}`);
  return { tags, warnings };
}

/** The types of the resources that a run refers to, with `…` for each name. */
export const REFERRED = {
  identity: "Microsoft.ManagedIdentity/userAssignedIdentities/…",
  subnet: "Microsoft.Network/virtualNetworks/…/subnets/…",
};

/** @param type of {@link REFERRED} @throws {UserError} if it is not an id of a resource of that type */
export function resourceIdAt(value: Value | undefined, path: string, type: string): string {
  const id = neededTextAt(value, path);
  const shape = `/subscriptions/…/resourceGroups/…/providers/${type}`;
  const parts = shape.split("…").map((part) => part.replaceAll(".", "\\."));
  if (new RegExp(`^${parts.join("[^/]+")}$`, "i").test(id)) return id;
  throw new UserError(`${path}: must be a resource id as "${shape}", not ${JSON.stringify(id)}`);
}
