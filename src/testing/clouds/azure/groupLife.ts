import { randomBytes, randomUUID } from "node:crypto";
import type { End } from "../shared/container";
import { toMillisecond, toSecond, toTick } from "./azureClock";
import type { World } from "./azureWorld";
import { keepLine } from "./groupLog";
import type { ContainerEvent, Ending, Group, Instance } from "./groups";

/** What may happen to a group on its way to its containers. */
export type StartTrouble =
  /** The image cannot be fetched after all; nothing ever starts. */
  | "pullFails"
  /** The region has no place for it; it waits until a test lets it in. */
  | "noNode";

/** Start a group, for the first time or again: its containers run from their beginning. @returns id of the operation that a client may watch */
export function startLife(world: World, group: Group, trouble?: StartTrouble): string {
  kill(group);
  world.waiting.delete(group);
  group.life += 1;
  group.stopped = false;
  group.lost = false;
  group.provisioningState = "Pending";
  for (const instance of [...group.init, ...group.containers]) reset(instance);
  group.operation = { group: group.id, status: "Pending", startTime: toTick(), events: [] };
  const id = randomUUID();
  world.operations.set(id, group.operation);
  if (trouble === "noNode") {
    world.waiting.add(group);
    for (const instance of group.containers) instance.current = { state: "Waiting", detailStatus: "Waiting to run" };
  } else place(world, group, trouble);
  return id;
}

/** Give a group its node: images are fetched, containers start. */
export function place(world: World, group: Group, trouble?: StartTrouble): void {
  const { life } = group;
  const ifSame = (work: () => void) => () => {
    if (group.life === life) work();
  };
  world.background.later(
    world.options.pull,
    ifSame(() => {
      group.provisioningState = "Creating";
      if (group.operation) group.operation.status = "Creating";
      for (const instance of [...group.init, ...group.containers]) fetchImage(world, instance, trouble === "pullFails");
      giveUpLater(world, group);
      if (trouble === "pullFails") return;
      world.background.later(
        world.options.start,
        ifSame(() => void startContainers(world, group)),
      );
    }),
  );
}

function fetchImage(world: World, instance: Instance, fails: boolean): void {
  const { image } = instance.spec.properties;
  instance.current = { state: "Waiting", detailStatus: "Waiting to run" };
  // There are no events about an image that its node already has.
  if (!fails && world.cachedImages.has(image)) return;
  world.cachedImages.add(image);
  // A tag has become a digest.
  const named = `${image.replace(/(:[^/:]+|@.+)$/, "")}@sha256:${randomBytes(32).toString("hex")}`;
  happen(instance, "Pulling", `pulling image "${named}"`);
  if (!fails) {
    happen(instance, "Pulled", `Successfully pulled image "${named}"`);
    return;
  }
  world.cachedImages.delete(image);
  happen(
    instance,
    "Failed",
    `Failed to pull image "${image}": rpc error: code = Unknown desc = failed to pull and unpack image`,
    "Warning",
  );
  happen(instance, "BackOff", `Back-off pulling image "${image}"`, "Warning");
  instance.current = { state: "Waiting", detailStatus: `ImagePullBackOff: Back-off pulling image "${image}"` };
}

function giveUpLater(world: World, group: Group): void {
  const { life } = group;
  world.background.later(world.options.startTimeout, () => {
    if (group.life !== life || group.provisioningState === "Succeeded") return;
    // It continues to try until somebody stops it.
    group.provisioningState = "Failed";
    const message = `Subscription deployment didn't successfully finish. The container group '${group.name}' timed out after 30 minutes.`;
    if (group.operation) Object.assign(group.operation, { status: "Failed", error: { code: "ContainerGroupDeploymentTimeout", message } });
    delete group.operation;
  });
}

async function startContainers(world: World, group: Group): Promise<void> {
  const { life } = group;
  const settle = () =>
    world.background.later(world.options.settle, () => {
      if (group.life !== life) return;
      group.provisioningState = "Succeeded";
      if (group.spec.properties.ipAddress) giveAddress(group);
      const events = group.containers.flatMap((instance) => instance.events);
      if (group.operation) Object.assign(group.operation, { status: "Succeeded", events });
      delete group.operation;
    });
  for (const instance of group.init) {
    await new Promise<void>((resolve) => run(world, group, instance, { onStart: () => {}, onEnd: resolve }));
    if (group.life !== life) return;
    if (instance.current?.exitCode !== 0) return settle();
  }
  let starting = group.containers.length;
  for (const instance of group.containers) {
    run(world, group, instance, {
      onStart: () => {
        starting -= 1;
        if (starting === 0) settle();
      },
      onEnd: () => {},
    });
  }
}

export function giveAddress(group: Group): void {
  group.ip ??= `20.${[...randomBytes(3)].join(".")}`;
}

/** What is done when a container has started for the first time, and when it has ended for good. */
interface Moments {
  onStart(): void;
  onEnd(): void;
}

function run(world: World, group: Group, instance: Instance, moments: Moments): void {
  const { life } = group;
  const { properties } = instance.spec;
  const argv =
    properties.command && properties.command.length > 0 ? properties.command : (world.images.get(properties.image)?.entrypoint ?? []);
  const env = Object.fromEntries(
    (properties.environmentVariables ?? []).map(({ name, value, secureValue }) => [name, secureValue ?? value ?? ""]),
  );
  const startTime = toMillisecond();
  delete instance.ending;
  // A start begins a new log.
  instance.log = [];
  const log = instance.log;
  const written = (text: string) => {
    keepLine(log, text);
    world.workspaces.ingest(group, instance, text);
  };
  const files = world.registry.filesOf(properties.image);
  const process =
    argv.length === 0 && !world.options.simulated
      ? undefined
      : world.background.start({ argv, env, files, onLine: (_, text) => written(text) });
  if (process) instance.process = process;
  const cannotStart: Promise<End> = Promise.resolve({ kind: "notStarted", message: "no command specified" });
  // A command that cannot start says so before this timer.
  let began = false;
  const begin = () => {
    if (began || group.life !== life) return;
    began = true;
    instance.current = { state: "Running", startTime, detailStatus: "" };
    if (instance.events.length > 0) happen(instance, "Started", "Started container");
    moments.onStart();
    moments.onStart = () => {};
  };
  const failsAtOnce = process === undefined;
  if (!failsAtOnce) world.background.later(5, begin);
  void (process?.ended ?? cannotStart).then((end) => {
    if (instance.process === process) delete instance.process;
    if (group.life !== life) return;
    if (end.kind === "notStarted") {
      began = true;
      return crashLoop(world, group, instance, end.message, moments);
    }
    begin();
    ended(world, group, instance, endOf(end, instance.ending), moments);
  });
}

/** Run a container again, outside its policy. */
export function runAgain(world: World, group: Group, instance: Instance): void {
  run(world, group, instance, { onStart: () => {}, onEnd: () => {} });
}

/** Exit codes of signals are those of a shell. */
function endOf(end: Exclude<End, { kind: "notStarted" }>, forced: Ending | undefined): Ending {
  if (forced) return forced;
  const exitCode = end.kind === "exited" ? end.code : 128 + end.signal;
  return { exitCode, detailStatus: exitCode === 0 ? "Completed" : "Error" };
}

function ended(world: World, group: Group, instance: Instance, { exitCode, detailStatus }: Ending, moments: Moments): void {
  const { startTime } = instance.current ?? {};
  instance.current = {
    state: "Terminated",
    ...(startTime === undefined ? {} : { startTime }),
    ...(exitCode === undefined ? {} : { exitCode }),
    finishTime: toMillisecond(),
    detailStatus,
  };
  const policy = group.spec.properties.restartPolicy ?? "Always";
  if (policy === "Never" || (policy === "OnFailure" && exitCode === 0) || (group.init.includes(instance) && exitCode === 0)) {
    moments.onEnd();
    return;
  }
  again(world, group, instance, "restarting failed", moments);
}

/** A command that cannot start is tried for ever, whatever the policy says. */
function crashLoop(world: World, group: Group, instance: Instance, message: string, moments: Moments): void {
  happen(instance, "Failed", `Error: failed to create containerd task: failed to create shim task: ${message}: unknown`, "Warning");
  again(world, group, instance, "restarting failed", moments);
}

function again(world: World, group: Group, instance: Instance, why: string, moments: Moments): void {
  const { life } = group;
  const wait = world.options.backOff * 2 ** Math.min(instance.restartCount, 5);
  if (instance.current?.state === "Terminated") instance.previous = instance.current;
  instance.restartCount += 1;
  instance.current = { state: "Waiting", detailStatus: `CrashLoopBackOff: Back-off ${Math.max(10, Math.round(wait / 1000))}s ${why}` };
  happen(instance, "BackOff", `Back-off ${why} container`, "Warning");
  world.background.later(wait, () => {
    if (group.life === life) run(world, group, instance, moments);
  });
}

/** Somebody stops a group: it says so at once, while its commands get their time to end. */
export function stopGroup(world: World, group: Group): void {
  if (group.stopped) return;
  world.waiting.delete(group);
  group.life += 1;
  group.stopped = true;
  group.lost = false;
  group.provisioningState = "Succeeded";
  for (const instance of group.containers) {
    instance.process?.stop(world.options.grace);
    if (instance.current) instance.previous = instance.current;
    instance.current = { state: "Terminated", finishTime: toTick(), detailStatus: "Container stopped per client request" };
  }
  for (const instance of group.init) instance.process?.stop(world.options.grace);
}

/** Kill the commands of a group. Nothing reports it. */
export function kill(group: Group): void {
  for (const { process } of [...group.init, ...group.containers]) process?.kill();
}

function reset(instance: Instance): void {
  instance.restartCount = 0;
  instance.log = [];
  instance.events = [];
  delete instance.current;
  delete instance.previous;
  delete instance.ending;
  delete instance.process;
}

/** An event; the same one again is counted. */
export function happen(instance: Instance, name: string, message: string, type: ContainerEvent["type"] = "Normal"): void {
  const now = toSecond();
  const same = instance.events.find((event) => event.name === name && event.message === message);
  if (same) {
    same.count += 1;
    same.lastTimestamp = now;
  } else instance.events.push({ count: 1, firstTimestamp: now, lastTimestamp: now, name, message, type });
}
