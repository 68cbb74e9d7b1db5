import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type * as Pulumi from "@pulumi/pulumi";
import { partsOf, type Reference } from "./expressions";

/** A value of a program: known, or an output of a resource. */
export type Result = Pulumi.Input<unknown>;

interface Surroundings {
  pulumi: typeof Pulumi;
  /** The folder of the program, to which paths are relative. */
  folder: string;
  /** The value of a resource, a variable or a configuration key. */
  named(name: string): Result;
  /** Call a provider's function. */
  invoke(call: Record<string, unknown>, at: string): Result;
}

type Tree = Record<string, unknown>;

/** Evaluates the values of a program in YAML (https://www.pulumi.com/docs/iac/languages-sdks/yaml/yaml-language-reference/). */
export class Evaluator {
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** @param at where the value is, for messages: `resources.site.properties` */
  evaluate(value: unknown, at: string): Result {
    if (typeof value === "string") return this.#text(value, at);
    if (Array.isArray(value)) return value.map((item, index) => this.evaluate(item, `${at}[${index}]`));
    if (typeof value !== "object" || value === null) return value;
    const keys = Object.keys(value);
    const call = keys.find((key) => key.startsWith("fn::"));
    if (call === undefined) return Object.fromEntries(keys.map((key) => [key, this.evaluate((value as Tree)[key], `${at}.${key}`)]));
    if (keys.length > 1) throw new Error(`${at}: ${call} must be the only key`);
    return this.#call(call.slice("fn::".length), (value as Tree)[call], `${at}.${call}`);
  }

  #text(text: string, at: string): Result {
    const { pulumi } = this.#surroundings;
    const parts = naming(at, () => partsOf(text));
    const [only] = parts;
    if (parts.length === 1) return typeof only === "string" ? only : this.#reference(only as Reference, at);
    return pulumi
      .all(parts.map((part) => (typeof part === "string" ? part : this.#reference(part, at))))
      .apply((known) => known.map((part) => (typeof part === "object" ? JSON.stringify(part) : String(part))).join(""));
  }

  #reference({ name, path }: Reference, at: string): Result {
    const { pulumi, named } = this.#surroundings;
    return naming(at, () => path.reduce<Result>((value, key) => memberOf(pulumi, value, key), named(name)));
  }

  #call(name: string, given: unknown, at: string): Result {
    const { pulumi, folder, invoke } = this.#surroundings;
    const { asset } = pulumi;
    if (name === "invoke") return invoke(given as Tree, at);
    const argument = this.evaluate(given, at);
    const apply = (change: (known: never) => unknown): Result =>
      (pulumi.output(argument) as Pulumi.Output<unknown>).apply((known) => naming(at, () => change(known as never)));
    switch (name) {
      case "secret":
        return pulumi.secret(argument);
      case "toJSON":
        return pulumi.jsonStringify(argument);
      case "fromJSON":
        return apply((text: string) => JSON.parse(text));
      case "toBase64":
        return apply((text: string) => Buffer.from(text).toString("base64"));
      case "fromBase64":
        return apply((text: string) => Buffer.from(text, "base64").toString());
      case "join":
        return apply(([delimiter, items]: [string, unknown[]]) => items.join(delimiter));
      case "split":
        return apply(([delimiter, text]: [string, string]) => text.split(delimiter));
      case "select":
        return apply(([index, items]: [number, unknown[]]) => {
          if (!(index in items)) throw new Error(`there is no item ${index}: the list has ${items.length}`);
          return items[index];
        });
      case "readFile":
        return apply((path: string) => readFileSync(resolve(folder, path), "utf8"));
      case "stringAsset":
        return apply((text: string) => new asset.StringAsset(text));
      case "fileAsset":
        return apply((path: string) => new asset.FileAsset(resolve(folder, path)));
      case "remoteAsset":
        return apply((uri: string) => new asset.RemoteAsset(uri));
      case "fileArchive":
        return apply((path: string) => new asset.FileArchive(resolve(folder, path)));
      case "remoteArchive":
        return apply((uri: string) => new asset.RemoteArchive(uri));
      case "assetArchive":
        return apply((assets: Record<string, Pulumi.asset.Asset>) => new asset.AssetArchive(assets));
      default:
        // `fn::aws:s3:getBucket: { … }` is short for fn::invoke.
        if (name.includes(":")) return invoke({ function: name, arguments: given }, at);
        throw new Error(`${at}: the offline engine does not support fn::${name} yet: use --engine pulumi`);
    }
  }
}

/** A property of a value. A resource has its properties as fields. */
function memberOf(pulumi: typeof Pulumi, value: Result, key: string | number): Result {
  if (pulumi.Resource.isInstance(value)) return (value as unknown as Record<string | number, Result>)[key];
  return (pulumi.output(value) as Pulumi.Output<unknown>).apply(
    (known) => (known as Record<string | number, unknown> | null | undefined)?.[key],
  );
}

function naming<T>(at: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${at}: ${(error as Error).message}`);
  }
}
