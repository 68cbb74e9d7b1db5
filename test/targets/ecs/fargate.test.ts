import { expect, test } from "vitest";
import { checkFargateSize } from "../../../src/targets/ecs/fargate";

// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size, in GB: first, last, step.
const TABLE: [number, number, number, number][] = [
  [512, 1, 4, 1],
  [1024, 2, 8, 1],
  [2048, 4, 16, 1],
  [4096, 8, 30, 1],
  [8192, 16, 60, 4],
  [16384, 32, 120, 8],
];
const fits = (cpu: number | string, memory: number | string) => {
  try {
    checkFargateSize(String(cpu), String(memory), "task");
    return true;
  } catch {
    return false;
  }
};

test.each(TABLE)("%i CPU units allow %i to %i GB in steps of %i, and nothing else", (cpu, from, to, by) => {
  for (let gb = 1; gb <= 130; gb++) expect([gb, fits(cpu, gb * 1024)]).toEqual([gb, gb >= from && gb <= to && (gb - from) % by === 0]);
  expect(fits(cpu, from * 1024 + 1)).toBe(false);
});

test("a quarter of a vCPU allows 512 MiB, 1 GB and 2 GB", () => {
  expect([256, 512, 1024, 2048, 3072].map((memory) => fits(256, memory))).toEqual([false, true, true, true, false]);
});

test.each([
  [".25 vCPU", "0.5 GB", true],
  ["1 vCPU", "2 GB", true],
  ["1 vCPU", "1 GB", false],
  ["100", "512", false],
  ["lots", "512", false],
])("%s with %s: %s", (cpu, memory, expected) => {
  expect(fits(cpu, memory)).toBe(expected);
});

test("the message has the valid sizes", () => {
  expect(() => checkFargateSize("512", "512", "task")).toThrow(
    'task.memory: with 512 CPU units Fargate allows 1024, 2048, 3072, 4096 MiB, not "512"',
  );
  expect(() => checkFargateSize("300", "512", "task")).toThrow(
    'task.cpu: Fargate has no size "300": must be one of 256, 512, 1024, 2048, 4096, 8192, 16384',
  );
});
