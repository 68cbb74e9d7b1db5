import * as pulumi from "@pulumi/pulumi";
import { deploymentNameFault, nameFault } from "../src/manifest/nameFaults";
import { suggestion } from "../src/nearest";
import { quoted } from "../src/shown";
import { WORK_QUEUE_ARGUMENTS, type WorkQueueArgs } from "./workQueue";

/** The component whose arguments are checked. Messages show it. */
export interface Declared {
  type: string;
  name: string;
}

/**
 * The arguments of a component by name. A missing or unknown name does not compile.
 *
 * `required` must be given. `nullable` may also be null, which means "no limit" in Prefect.
 */
export type ArgumentNames<Args> = {
  readonly [Name in keyof Args]-?: undefined extends Args[Name] ? "optional" | "nullable" : "required";
};

/**
 * Check the arguments of a component; the component calls this first. It covers what TypeScript does not check in plain JavaScript and in
 * other languages.
 * @param type of the component, such as `EcsPushPool`
 * @throws {pulumi.ResourceError} for an unknown name, a missing argument, or null
 */
export function declared<Args>(type: string, name: string, args: Args, names: ArgumentNames<Args>): Declared {
  const of = { type, name };
  checkArguments("", args, names, of);
  return of;
}

/** The same for an object among the arguments. @param at its path, such as `image` */
export function checkArguments<Args>(at: string, args: Args, names: ArgumentNames<Args>, of: Declared): void {
  const fault = argumentFault(at, args, names, of.type);
  if (fault !== undefined) refuse(fault, of);
}

/**
 * The same for a function with pools and deployments as arguments.
 * @param of the function, such as `manifest()`
 * @throws {pulumi.RunError}
 */
export function checkParts<Parts extends { pools: unknown; deployments?: unknown }>(
  of: string,
  parts: Parts,
  names: ArgumentNames<Parts>,
): void {
  const fault =
    argumentFault("", parts, names, of) ?? componentsFault("pools", parts.pools) ?? componentsFault("deployments", parts.deployments);
  if (fault !== undefined) throw new pulumi.RunError(`${of}: ${fault}`);
}

/**
 * The same for one argument that is an object.
 * @param at its name, such as `ledger`
 * @throws {pulumi.RunError}
 */
export function checkPart<Part>(of: string, at: string, part: Part, names: ArgumentNames<Part>): void {
  const fault = argumentFault(at, part, names, of);
  if (fault !== undefined) throw new pulumi.RunError(`${of}: ${fault}`);
}

function componentsFault(field: string, list: unknown): string | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) return `${field} must be a list, not ${kindOf(list)}`;
  const wrong = list.findIndex((item) => item?.definition === undefined);
  return wrong === -1 ? undefined : `${field}[${wrong}] must be a component`;
}

/**
 * The first error in the names of arguments; `undefined` if they are valid.
 * @param at the path of the object, such as `queues.urgent`; blank for the arguments themselves
 * @param of the component or function, such as `EcsPushPool`
 */
function argumentFault<Args>(at: string, args: Args, names: ArgumentNames<Args>, of: string): string | undefined {
  const given: unknown = args === undefined ? {} : args;
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return `${at || "the arguments"} must be an object such as { name: value }, not ${kindOf(given)}`;
  if (kindOf(given) === "an output") return `${at || "the arguments"} must be an object that is known when the program runs, not an output`;
  const path = (name: string) => (at === "" ? name : `${at}.${name}`);
  const values = new Map(Object.entries(given).filter(([, value]) => value !== undefined));
  const unknown = [...values.keys()].find((name) => !Object.hasOwn(names, name));
  if (unknown !== undefined) return `${path(unknown)} is unknown: ${suggestion(unknown, Object.keys(names))}`;
  for (const [name, kind] of Object.entries(names)) {
    if (values.get(name) === null && kind !== "nullable") return `${path(name)} must not be null: give it a value, or leave it out`;
    if (!values.has(name) && kind === "required") return `${path(name)} is missing: ${of} needs it`;
  }
  return undefined;
}

/**
 * Report a mistake of the program's author, without a stack trace. A component checks its arguments before it calls `super()`, because the
 * engine stores what is registered. An invalid argument must not replace a valid one in the state.
 * @throws {pulumi.ResourceError}
 */
export function refuse(problem: string, { type, name }: Declared): never {
  const urn = `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::pushpool:index:${type}::${name}`;
  // Pulumi only needs the URN, under which it shows the message.
  throw new pulumi.ResourceError(problem, { urn: pulumi.output(urn) } as unknown as pulumi.Resource, true);
}

/**
 * The same for a mistake that only the values of outputs show: throw it in an output. Pulumi's SDK writes the name of an internal property
 * before the message of such an error, and again for each resource that waits for it; this message stays as it is.
 */
export function foundLater(problem: string, resource: pulumi.Resource | undefined): pulumi.ResourceError {
  const message = { get: () => problem, set: () => {}, configurable: true };
  return Object.defineProperty(new pulumi.ResourceError(problem, resource, true), "message", message);
}

/** Whether a value is absent or an output. An output is checked when the manifest is read. */
function isNotKnown(value: unknown): boolean {
  return value === undefined || value === null || pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** Check a string that must not be blank. */
export function checkText(field: string, value: unknown, of: Declared): void {
  if (isNotKnown(value)) return;
  if (typeof value !== "string") refuse(`${field} must be a string, not ${kindOf(value)}`, of);
  if (value.trim() === "") refuse(`${field} must not be blank`, of);
}

/** Check an object such as `{ name: value }`. */
export function checkMap(field: string, value: unknown, of: Declared): void {
  if (isNotKnown(value)) return;
  if (typeof value !== "object" || Array.isArray(value))
    refuse(`${field} must be an object such as { name: value }, not ${kindOf(value)}`, of);
}

/** Check a list. `checkItem` checks each of its items. */
export function checkList(field: string, value: unknown, checkItem: (field: string, item: unknown) => void, of: Declared): void {
  if (isNotKnown(value)) return;
  if (!Array.isArray(value)) refuse(`${field} must be a list, not ${kindOf(value)}`, of);
  for (const [index, item] of value.entries()) {
    if (item === undefined || item === null) refuse(`${field}[${index}] must not be ${item}: give it a value, or leave it out`, of);
    checkItem(`${field}[${index}]`, item);
  }
}

/** Check a tag of a run. */
export function checkTag(field: string, value: unknown, of: Declared): void {
  if (isNotKnown(value)) return;
  if (typeof value !== "string") refuse(`${field} must be a string, not ${kindOf(value)}`, of);
  if (/\p{Cc}/u.test(value)) refuse(`${field} must not contain control characters: ${quoted(value)}`, of);
  if (value.length > 255) refuse(`${field} must have at most 255 characters, not ${value.length}`, of);
}

/** Only the kind, never the value: a value may be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return "an output";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Check a whole number of at least `least`. */
function checkCount(field: string, value: unknown, least: number, of: Declared): void {
  if (isNotKnown(value)) return;
  if (typeof value !== "number" || !Number.isInteger(value) || value < least) {
    refuse(`${field} must be a whole number of at least ${least}, not ${JSON.stringify(value)}`, of);
  }
}

/** Check the limits of a work pool and its queues, whether it is paused, and its labels. */
export function checkLimits(
  {
    concurrencyLimit,
    timeoutSeconds,
    queues,
    isPaused,
    labels,
  }: { concurrencyLimit?: unknown; timeoutSeconds?: unknown; queues?: Record<string, WorkQueueArgs>; isPaused?: unknown; labels?: unknown },
  of: Declared,
): void {
  if (!isNotKnown(isPaused) && typeof isPaused !== "boolean") refuse(`isPaused must be true or false, not ${kindOf(isPaused)}`, of);
  checkMap("labels", labels, of);
  if (!isNotKnown(labels))
    for (const [label, value] of Object.entries(labels as object)) {
      if (!isNotKnown(value) && typeof value !== "string") refuse(`labels.${label} must be a string, not ${kindOf(value)}`, of);
    }
  checkCount("concurrencyLimit", concurrencyLimit, 0, of);
  checkCount("timeoutSeconds", timeoutSeconds, 1, of);
  checkQueues(queues, WORK_QUEUE_ARGUMENTS, of);
  for (const [name, queue] of isNotKnown(queues) ? [] : Object.entries(queues ?? {})) {
    const fault = nameFault(name);
    if (fault !== undefined) refuse(`queues: the name of a work queue ${fault}: ${quoted(name)}`, of);
    checkCount(`queues.${name}.priority`, queue.priority, 1, of);
    checkCount(`queues.${name}.concurrencyLimit`, queue.concurrencyLimit, 0, of);
  }
}

/** Check the work queues of a pool by name. */
export function checkQueues<Args>(queues: Record<string, Args> | undefined, names: ArgumentNames<Args>, of: Declared): void {
  checkMap("queues", queues, of);
  if (isNotKnown(queues)) return;
  for (const [name, queue] of Object.entries(queues ?? {})) checkArguments(`queues.${name}`, queue, names, of);
}

/** Check a name by Prefect's rules. */
export function checkName(field: string, name: unknown, of: Declared): void {
  if (typeof name !== "string") refuse(`${field} must be a string that is known while the program runs, not ${quoted(name)}`, of);
  const fault = nameFault(name);
  if (fault !== undefined) refuse(`${field} ${fault}: ${quoted(name)}`, of);
}

/** Check the names of environment variables. */
export function checkVariableNames(field: string, variables: Record<string, unknown> | undefined, of: Declared): void {
  const wrong = Object.keys(variables ?? {}).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (wrong !== undefined) refuse(`${field} "${wrong}" is not a valid environment variable name`, of);
}

/** Check the full name of a deployment. */
export function checkDeploymentName(name: string, of: Declared): void {
  const fault = deploymentNameFault(name);
  if (fault !== undefined) refuse(`the name of a deployment ${fault}: ${quoted(name)}`, of);
}

/** Refuse two arguments that decide the same thing. */
export function checkExclusive(args: object, pairs: readonly (readonly [string, string, string])[], of: Declared): void {
  for (const [one, other, why] of pairs) {
    if (isGiven(args, one) && isGiven(args, other)) refuse(`${one} and ${other} cannot both be given: ${why}`, of);
  }
}

/** @param path of an argument, such as `jobVariables.region` */
function isGiven(args: object, path: string): boolean {
  const value = path.split(".").reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], args);
  return value !== undefined && value !== null && value !== false;
}

/** Check a choice of an `as const` object. A program in plain JavaScript may misspell it. */
export function checkChoice(field: string, value: string | undefined, choices: object, of: Declared): void {
  const known: string[] = Object.values(choices);
  if (value === undefined || known.includes(value)) return;
  refuse(`${field} must be ${known.join(" or ")}, not ${quoted(value)}`, of);
}

/** The options for a component's children. They get its dependencies, because Pulumi does not pass these on. */
export function partOf(
  component: pulumi.ComponentResource,
  opts: pulumi.ComponentResourceOptions | undefined,
): pulumi.CustomResourceOptions {
  return { parent: component, ...(opts?.dependsOn ? { dependsOn: opts.dependsOn } : {}) };
}
