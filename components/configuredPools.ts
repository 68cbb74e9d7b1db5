import * as pulumi from "@pulumi/pulumi";
import { suggestion } from "../src/nearest";
import type { AnyJson } from "./anyJson";
import type { PushPoolDefinition } from "./definitions";

/**
 * The component of a pool type and the names of its arguments. It is loaded only for pools of that type, because the SDK of a cloud is
 * large.
 */
export interface PoolComponent {
  load: () => new (name: string, args: AnyJson) => { definition: PushPoolDefinition };
  args: readonly string[];
}

/**
 * Make the pools of a configuration, by name.
 * @param configured `{ <name>: { type, …arguments of its component } }`; if absent, one pool `local` of type `process:push`
 * @param components by pool type
 * @param isSecret whether the configuration has a `secure:` value. Pulumi does not say which value it is, so every job variable is stored
 * as a secret.
 * @throws {pulumi.RunError} with the field of the configuration, and the most similar name
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
    if (isSecret && isObject(args.image) && args.image.args !== undefined)
      throw new pulumi.RunError(
        `${at}.image.args cannot be given beside a \`secure:\` value, because Pulumi does not say which value is secret: give the ARG a default in the Dockerfile, or use image.secrets`,
      );
    const PushPool = loaded(component, `${at}.type ${type}`);
    return new PushPool(name, isSecret && isObject(args.jobVariables) ? { ...args, jobVariables: secretLeaves(args.jobVariables) } : args);
  });
}

/** Load the component of a pool type. The program must have installed the SDK of its provider. */
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
