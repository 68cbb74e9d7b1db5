import * as pulumi from "@pulumi/pulumi";
import { deploymentNameFault, nameFault } from "../src/manifest/names";
import { quoted } from "../src/shown";
import type { WorkQueueArgs } from "./workQueue";

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
    const fault = nameFault(queue);
    if (fault !== undefined) refuse(`queues: the name of a work queue ${fault}: ${quoted(queue)}`, pool);
    checkCount(`queues.${queue}.priority`, priority, 1, pool);
    checkCount(`queues.${queue}.concurrencyLimit`, limit, 0, pool);
  }
}

/** A name that Prefect would take. */
export function checkName(field: string, name: unknown, resource: pulumi.Resource): void {
  if (typeof name !== "string") refuse(`${field} must be a string that is known while the program runs, not ${quoted(name)}`, resource);
  const fault = nameFault(name);
  if (fault !== undefined) refuse(`${field} ${fault}: ${quoted(name)}`, resource);
}

/** Both halves of a deployment's name. */
export function checkDeploymentName(name: string, resource: pulumi.Resource): void {
  const fault = deploymentNameFault(name);
  if (fault !== undefined) refuse(`the name of a deployment ${fault}: ${quoted(name)}`, resource);
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
