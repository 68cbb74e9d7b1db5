import * as pulumi from "@pulumi/pulumi";
import type { WorkQueueArgs } from "./workQueue";

/** Prefect's rule for the names of work pools, flows and deployments. */
const NAME = /^[^/%&<>]+$/;

/**
 * Throw a mistake of the program's author, without a stack of ours around it.
 * @throws {pulumi.ResourceError}
 */
export function refuse(problem: string, resource: pulumi.Resource): never {
  throw new pulumi.ResourceError(problem, resource, true);
}

/** A whole number of at least `least`. What is an output is judged when the manifest is read. */
function checkCount(field: string, value: unknown, least: number, resource: pulumi.Resource): void {
  if (value === undefined || value === null || pulumi.Output.isInstance(value) || value instanceof Promise) return;
  if (typeof value !== "number" || !Number.isInteger(value) || value < least) {
    refuse(`${field} must be a whole number of at least ${least}, not ${JSON.stringify(value)}`, resource);
  }
}

/** The limits of a work pool and of its queues. */
export function checkLimits(
  {
    concurrencyLimit,
    timeoutSeconds,
    queues,
  }: { concurrencyLimit?: unknown; timeoutSeconds?: unknown; queues?: Record<string, WorkQueueArgs> },
  pool: pulumi.Resource,
): void {
  checkCount("concurrencyLimit", concurrencyLimit, 0, pool);
  checkCount("timeoutSeconds", timeoutSeconds, 1, pool);
  for (const [queue, { priority, concurrencyLimit: limit }] of Object.entries(queues ?? {})) {
    checkCount(`queues.${queue}.priority`, priority, 1, pool);
    checkCount(`queues.${queue}.concurrencyLimit`, limit, 0, pool);
  }
}

/** A name that Prefect would take. */
export function checkName(field: string, name: unknown, resource: pulumi.Resource): void {
  if (typeof name !== "string" || !NAME.test(name)) {
    refuse(`${field} must be some text without / % & < >, known while the program runs; ${JSON.stringify(name)} is not`, resource);
  }
}

/** Both halves of a deployment's name. */
export function checkDeploymentName(name: string, resource: pulumi.Resource): void {
  const halves = name.split("/");
  if (halves.length !== 2 || !halves.every((half) => NAME.test(half))) {
    refuse(`a deployment is named by its flow and its name, as "hello/prod", each without % & < >; "${name}" is not`, resource);
  }
}
