import type { JsonObject } from "../../../json";
import { Background } from "../shared/background";
import type { FakeImage } from "../shared/commonOptions";
import type { End } from "../shared/container";
import { ImageStore } from "../shared/fakeRegistry";
import { RegistryTokens } from "../shared/registryTokens";
import { Access } from "./azureAccess";
import { resourceGroupNotFound } from "./azureErrors";
import type { Settled } from "./azureOptions";
import { Directory, type Principal } from "./directory";
import { crash, evict, letIn, loseNode, maintain, outOfMemory, restartContainer } from "./groupEvents";
import { kill, stopGroup } from "./groupLife";
import type { Group, GroupOperation } from "./groups";
import { Workspaces } from "./workspaces";

export interface ResourceGroup {
  id: string;
  name: string;
  location: string;
  tags?: Record<string, string>;
  deleting: boolean;
}

export interface Policy {
  scope: string;
  /** Display name of its assignment. */
  name: string;
  denies(body: JsonObject): boolean;
}

/** A user-assigned managed identity. */
export interface ManagedIdentity {
  id: string;
  name: string;
  location: string;
  tags: Record<string, string>;
  principalId: string;
  clientId: string;
}

/** The content of the fake cloud. Tests may read and change it. */
export class World {
  readonly options: Settled;
  readonly directory: Directory;
  readonly access: Access;
  readonly images: Map<string, FakeImage>;
  /** What was pushed to the container registries, and the logins to them. Each login is valid for one registry. */
  readonly registry = new ImageStore();
  readonly registryTokens = new RegistryTokens<Principal & { service: string }>();
  /** Images that the nodes already have: there are no events about them. */
  readonly cachedImages = new Set<string>();
  /** Registered providers, by namespace; `false` during the registration. */
  readonly providers: Map<string, boolean>;
  /** By name, in lower case. */
  readonly resourceGroups = new Map<string, ResourceGroup>();
  /** By id, in lower case; so are the following. */
  readonly groups = new Map<string, Group>();
  readonly identities = new Map<string, ManagedIdentity>();
  readonly subnets = new Map<string, { id: string; delegations: readonly string[] }>();
  readonly workspaces: Workspaces;
  /** Locks on a scope and what is below it. */
  readonly locks: { scope: string; level: "CanNotDelete" | "ReadOnly" }[] = [];
  /** Policies that forbid what is written in a scope or below it. */
  readonly policies: Policy[] = [];
  /** Whether the subscription is disabled: everything is read-only then. */
  disabled = false;
  /** What the fake only stores: networks, registries. */
  readonly kept = new Map<string, JsonObject>();
  /** Deletions of resource groups: whether they are under way. */
  readonly jobs = new Map<string, boolean>();
  /** Groups that have no node. */
  readonly waiting = new Set<Group>();
  readonly operations = new Map<string, GroupOperation>();
  readonly background: Background;
  /** Base URL of the fake, once it listens. */
  url = "";

  constructor(options: Settled) {
    this.options = options;
    this.background = new Background(options.simulated);
    this.directory = new Directory(options.tenant);
    this.access = new Access(options.roleDelay);
    this.workspaces = new Workspaces(options.logDelay);
    this.images = new Map(Object.entries(options.images));
    this.providers = new Map(options.providers.map((name) => [name, true]));
    for (const name of options.resourceGroups) this.addResourceGroup(name, options.location);
  }

  addResourceGroup(name: string, location: string, tags?: Record<string, string>): ResourceGroup {
    const id = `/subscriptions/${this.options.subscription}/resourceGroups/${name}`;
    const group = { id, name, location, deleting: false, ...(tags ? { tags } : {}) };
    this.resourceGroups.set(name.toLowerCase(), group);
    return group;
  }

  /** @throws {ArmError} 404 */
  resourceGroup(name: string): ResourceGroup {
    const group = this.resourceGroups.get(name.toLowerCase());
    if (!group) throw resourceGroupNotFound(name);
    return group;
  }

  /** Delete a resource group, with everything in it. */
  removeResourceGroup({ id, name }: ResourceGroup): void {
    this.resourceGroups.delete(name.toLowerCase());
    const inside = (other: string) => other.startsWith(`${id.toLowerCase()}/`);
    for (const [key, group] of this.groups) {
      if (!inside(key)) continue;
      kill(group);
      group.life = -1;
      this.groups.delete(key);
    }
    for (const [key, identity] of this.identities) if (inside(key)) this.removeIdentity(identity);
    for (const [key, { properties }] of this.kept) {
      const { loginServer } = (properties ?? {}) as { loginServer?: string };
      if (inside(key) && loginServer !== undefined) this.registry.removeAll(loginServer);
    }
    for (const kept of [this.kept, this.subnets, this.workspaces.all]) for (const key of kept.keys()) if (inside(key)) kept.delete(key);
    const { assignments } = this.access;
    assignments.splice(
      0,
      assignments.length,
      ...assignments.filter(({ scope }) => !`${scope.toLowerCase()}/`.startsWith(`${id.toLowerCase()}/`)),
    );
  }

  removeIdentity({ id, clientId }: ManagedIdentity): void {
    this.identities.delete(id.toLowerCase());
    const client = this.directory.clients.get(clientId);
    if (client) this.directory.deleteClient(client);
  }

  /** The id of a container group in a path. */
  groupId({ subscription = "", resourceGroup = "", name = "" }: Record<string, string>): string {
    return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.ContainerInstance/containerGroups/${name}`;
  }

  /** A container group by its id or its name. @throws {Error} if there is none */
  group(idOrName: string): Group {
    const wanted = idOrName.toLowerCase();
    const group = this.groups.get(wanted) ?? [...this.groups.values()].find(({ name }) => name.toLowerCase() === wanted);
    if (!group) throw new Error(`there is no container group ${idOrName}`);
    return group;
  }

  /** Somebody stops a group. */
  stopGroup(idOrName: string): void {
    stopGroup(this, this.group(idOrName));
  }

  /** Somebody deletes a group. */
  deleteGroup(idOrName: string): void {
    const group = this.group(idOrName);
    kill(group);
    group.life = -1;
    if (this.options.deletion === 0) {
      this.groups.delete(group.id.toLowerCase());
      return;
    }
    group.provisioningState = "Deleting";
    this.background.later(this.options.deletion, () => {
      if (this.groups.get(group.id.toLowerCase()) === group) this.groups.delete(group.id.toLowerCase());
    });
  }

  /** A container of a group runs out of memory. @param container the first one if none is named */
  outOfMemory(idOrName: string, container?: string): void {
    outOfMemory(this.group(idOrName), container);
  }

  /** A container ends, and nobody knows with which code. */
  crash(idOrName: string, container?: string): void {
    crash(this.group(idOrName), container);
  }

  /** The platform needs the node: containers end with 7147 or 7148. */
  maintain(idOrName: string, exitCode: 7147 | 7148 = 7147): void {
    maintain(this.group(idOrName), exitCode);
  }

  /** A group's node is lost. After this many milliseconds the group runs again, from the start. */
  loseNode(idOrName: string, repairMs: number): void {
    loseNode(this, this.group(idOrName), repairMs);
  }

  /** Azure needs the place of a Spot group, which waits then for {@link letIn}. */
  evict(idOrName: string): void {
    evict(this, this.group(idOrName));
  }

  /** A group that waits for a node gets one. */
  letIn(idOrName: string): void {
    letIn(this, this.group(idOrName));
  }

  /** The platform runs a container again that has ended, whatever its policy says. */
  restartContainer(idOrName: string, container?: string): void {
    restartContainer(this, this.group(idOrName), container);
  }

  /** With simulated containers: one ends. */
  finish(idOrName: string, end: End, container?: string): void {
    const group = this.group(idOrName);
    const { process } = group.containers.find(({ spec }) => container === undefined || spec.name === container) ?? {};
    if (!process) throw new Error(`${group.name} does not run a container`);
    process.finish(end);
  }
}
