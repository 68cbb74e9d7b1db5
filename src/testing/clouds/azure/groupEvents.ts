import { randomBytes } from "node:crypto";
import { toMillisecond } from "./azureClock";
import type { World } from "./azureWorld";
import { happen, kill, place, runAgain } from "./groupLife";
import type { Ending, Group, Instance } from "./groups";

/** What happens to a container group without a request. */

export function outOfMemory(group: Group, container?: string): void {
  end(instanceOf(group, container), { exitCode: 137, detailStatus: "Error" });
}

export function crash(group: Group, container?: string): void {
  const instance = instanceOf(group, container);
  happen(instance, "Killing", `Killing container with id ${randomBytes(32).toString("hex")}.`);
  end(instance, { detailStatus: "Error" });
}

export function maintain(group: Group, exitCode: number): void {
  for (const instance of group.containers.filter(({ process }) => process !== undefined)) {
    happen(instance, "Killing", `Killing container ${instance.spec.name} (platform initiated).`);
    end(instance, { exitCode, detailStatus: "Error" });
  }
}

export function loseNode(world: World, group: Group, repairMs: number): void {
  kill(group);
  group.life += 1;
  const { life } = group;
  group.lost = true;
  group.provisioningState = "Repairing";
  for (const { current } of group.containers) {
    if (!current || current.state === "Terminated") continue;
    Object.assign(current, { state: "Terminated", detailStatus: "Infrastructure Error" });
  }
  world.background.later(repairMs, () => {
    if (group.life !== life) return;
    group.lost = false;
    for (const instance of group.containers) {
      if (instance.current) instance.previous = instance.current;
      instance.current = { state: "Waiting", detailStatus: "Waiting to run" };
    }
    place(world, group);
  });
}

export function evict(world: World, group: Group): void {
  if (group.spec.properties.priority !== "Spot") throw new Error(`${group.name} is not a Spot container group`);
  kill(group);
  group.life += 1;
  world.waiting.add(group);
  for (const instance of group.containers) {
    happen(instance, "Killing", `Killing container ${instance.spec.name} (platform initiated).`);
    if (instance.current)
      instance.previous = { ...instance.current, state: "Terminated", finishTime: toMillisecond(), detailStatus: "Error" };
    instance.current = { state: "Waiting", detailStatus: "Waiting to run" };
  }
}

export function letIn(world: World, group: Group): void {
  if (!world.waiting.delete(group)) throw new Error(`${group.name} does not wait for a node`);
  place(world, group);
}

export function restartContainer(world: World, group: Group, container?: string): void {
  const instance = instanceOf(group, container);
  if (instance.current?.state !== "Terminated") throw new Error(`${instance.spec.name} has not ended`);
  instance.previous = instance.current;
  instance.restartCount += 1;
  runAgain(world, group, instance);
}

function instanceOf(group: Group, container?: string): Instance {
  const instance = group.containers.find(({ spec }) => container === undefined || spec.name === container);
  if (!instance) throw new Error(`${group.name} has no container ${container}`);
  return instance;
}

function end(instance: Instance, ending: Ending): void {
  if (!instance.process) throw new Error(`${instance.spec.name} does not run`);
  instance.ending = ending;
  instance.process.kill();
}
