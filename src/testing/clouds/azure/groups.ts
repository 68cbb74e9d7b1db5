import type { Container } from "../shared/container";
import type { GROUP_SHAPE } from "./groupShape";
import type { ValueOf } from "./shape";

type Body = ValueOf<typeof GROUP_SHAPE>;

/** A container group as it was asked for (its body, after the checks). */
export type GroupSpec = Omit<Body, "location" | "identity"> & {
  location: string;
  identity?: NonNullable<Body["identity"]> & { type: string };
};

type Properties = Body["properties"];
type OwnProperties = Properties["containers"][number]["properties"];

/** A container, or an init container, which has no resources. */
export interface ContainerSpec {
  name: string;
  properties: Omit<OwnProperties, "resources"> & Partial<Pick<OwnProperties, "resources">>;
}

export type Resources = OwnProperties["resources"]["requests"];
export type IpAddress = NonNullable<Properties["ipAddress"]>;
export type VolumeSpec = NonNullable<Properties["volumes"]>[number];

export interface ContainerState {
  state: "Waiting" | "Running" | "Terminated";
  startTime?: string;
  exitCode?: number;
  finishTime?: string;
  detailStatus: string;
}

export interface ContainerEvent {
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
  name: string;
  message: string;
  type: "Normal" | "Warning";
}

export interface LogLine {
  /** Milliseconds, with the place among those of the same one. */
  at: string;
  text: string;
}

/** A container of a group, and its state. */
export interface Instance {
  spec: ContainerSpec;
  restartCount: number;
  /** Absent until Azure has chosen the place where it runs. */
  current?: ContainerState;
  previous?: ContainerState;
  events: ContainerEvent[];
  /** Of the last start only. */
  log: LogLine[];
  process?: Container;
  /** How it ends, whatever its command does. */
  ending?: Ending;
}

/** An end that does not come from the command. */
export interface Ending {
  exitCode?: number;
  detailStatus: string;
}

export interface Group {
  id: string;
  name: string;
  resourceGroup: string;
  subscription: string;
  spec: GroupSpec;
  tenant: string;
  principalId?: string;
  provisioningState: string;
  /** Whether somebody stopped it. */
  stopped: boolean;
  /** Whether its node is lost. */
  lost: boolean;
  ip?: string;
  init: Instance[];
  containers: Instance[];
  /** Which life of it this is: what still runs of an earlier one changes nothing. */
  life: number;
  /** The operation under way. */
  operation?: GroupOperation;
}

/** `Microsoft.ContainerInstance/locations/…/operations`. */
export interface GroupOperation {
  group: string;
  status: "Pending" | "Creating" | "Succeeded" | "Failed";
  startTime: string;
  events: ContainerEvent[];
  error?: { code: string; message: string };
}

/** What `instanceView.state` of a group says. */
export function stateOf(group: Group): string {
  const { stopped, lost, containers, init, spec } = group;
  if (stopped) return "Stopped";
  if (lost) return "Unknown";
  const states = containers.map(({ current }) => current);
  if (states.some((state) => state?.state === "Running")) return "Running";
  if (init.some(({ current }) => current?.state === "Terminated" && current.exitCode !== 0) && spec.properties.restartPolicy === "Never")
    return "Failed";
  if (states.every((state) => state?.state === "Terminated"))
    return states.every((state) => state?.exitCode === 0) ? "Succeeded" : "Failed";
  // Between two starts a group counts as running.
  return containers.some(({ restartCount, previous }) => restartCount > 0 && previous?.startTime !== undefined) ? "Running" : "Pending";
}

export function isOver(group: Group): boolean {
  return ["Succeeded", "Failed", "Stopped"].includes(stateOf(group));
}

export function requested({ spec }: Pick<Group, "spec">): Resources {
  const all = spec.properties.containers.map(({ properties }) => properties.resources?.requests ?? { cpu: 0, memoryInGB: 0 });
  const sum = (of: (resources: Resources) => number) => Math.round(all.reduce((total, each) => total + of(each), 0) * 1000) / 1000;
  return { cpu: sum(({ cpu }) => cpu), memoryInGB: sum(({ memoryInGB }) => memoryInGB) };
}
