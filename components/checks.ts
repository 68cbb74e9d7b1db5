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

/** Two arguments that each say what the other would decide. */
export function checkExclusive(args: object, pairs: readonly (readonly [string, string, string])[], resource: pulumi.Resource): void {
  for (const [one, other, why] of pairs) {
    if (isGiven(args, one) && isGiven(args, other)) refuse(`${one} and ${other} exclude each other: ${why}`, resource);
  }
}

/** @param path of one argument, as `jobVariables.region` */
function isGiven(args: object, path: string): boolean {
  const value = path.split(".").reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], args);
  return value !== undefined && value !== null && value !== false;
}

/** A choice of an `as const` object, which a program in plain JavaScript may misspell. */
export function checkChoice(field: string, value: string | undefined, choices: object, resource: pulumi.Resource): void {
  const known: string[] = Object.values(choices);
  if (value === undefined || known.includes(value)) return;
  refuse(`${field} "${value}" is unknown: ${known.join(" or ")}`, resource);
}

/** Options of a component's children. What it depends on they do too: Pulumi does not hand that down. */
export function partOf(
  component: pulumi.ComponentResource,
  opts: pulumi.ComponentResourceOptions | undefined,
): pulumi.CustomResourceOptions {
  return { parent: component, ...(opts?.dependsOn ? { dependsOn: opts.dependsOn } : {}) };
}
