import * as pulumi from "@pulumi/pulumi";
import { suggestion } from "../src/nearest";
import type { PushPoolDefinition } from "./definitions";
import type { AnyJson } from "./json";

/** The component of a pool type, loaded only for a pool of that type, since a cloud's SDK is large; and the names of its arguments. */
export interface PoolComponent {
  load: () => new (name: string, args: AnyJson) => { definition: PushPoolDefinition };
  args: readonly string[];
}

/**
 * The pools that a configuration asks for, by name.
 * @param configured `{ <name>: { type, …arguments of its component } }`; none gives one pool `local` of type `process:push`
 * @param components by pool type
 * @param isSecret whether the configuration holds a `secure:` value: which one, Pulumi does not say, so every job variable is then kept as one
 * @throws {pulumi.RunError} naming the field of the configuration, with the nearest that there is
 */
export function configuredPools(
  configured: unknown,
  components: Record<string, PoolComponent>,
  isSecret: boolean,
): { definition: PushPoolDefinition }[] {
  const pools = configured ?? { local: { type: "process:push" } };
  if (!isObject(pools))
    throw new pulumi.RunError("pushpool:pools must be an object of work pools by name, such as { local: { type: process:push } }");
  return Object.entries(pools).map(([name, pool]) => {
    const at = `pushpool:pools.${name}`;
    if (!isObject(pool)) throw new pulumi.RunError(`${at} must be an object with a type, such as { type: process:push }`);
    const { type, ...args } = pool;
    const component = Object.hasOwn(components, String(type)) ? components[String(type)] : undefined;
    if (!component) {
      const problem = type === undefined ? "is missing" : `is unknown: "${String(type)}"`;
      throw new pulumi.RunError(`${at}.type ${problem}: ${suggestion(String(type), Object.keys(components))}`);
    }
    const unknown = Object.keys(args).find((field) => !component.args.includes(field));
    if (unknown !== undefined) throw new pulumi.RunError(`${at}.${unknown} is unknown: ${suggestion(unknown, component.args)}`);
    const PushPool = loaded(component, `${at}.type ${type}`);
    return new PushPool(name, isSecret && isObject(args.jobVariables) ? { ...args, jobVariables: secretLeaves(args.jobVariables) } : args);
  });
}

/** A pool type's component; its provider's SDK is the program's to install. */
function loaded({ load }: PoolComponent, what: string): ReturnType<PoolComponent["load"]> {
  try {
    return load();
  } catch (error) {
    const [, missing] = /^Cannot find module '(@pulumi\/[a-z-]+)/.exec((error as Error).message) ?? [];
    if (missing === undefined) throw error;
    throw new pulumi.RunError(`${what} needs a package that is not installed: npm install ${missing}`);
  }
}

function secretLeaves(value: AnyJson): AnyJson {
  if (Array.isArray(value)) return value.map(secretLeaves);
  if (!isObject(value)) return pulumi.secret(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, secretLeaves(inner)]));
}

function isObject(value: unknown): value is Record<string, AnyJson> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
