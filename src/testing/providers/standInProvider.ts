import type { JsonObject } from "../../json";

/** What is there of a resource. */
export interface Found {
  id: string;
  /** Its outputs by name. What it has by its inputs may be left out. */
  outputs?: JsonObject;
}

/** Which resource a stand-in provider is asked about. */
export interface Asked {
  urn: string;
  /** By which the program calls it. */
  name: string;
}

/**
 * One resource type: what of it only the provider knows, and the calls that its life is made of. Properties are plain JSON: secrets are open
 * here, and the engine keeps them marked.
 */
export interface StandInResource {
  /** Inputs whose change makes it another resource; "all" of them. @default none: every change is an update */
  replaceOn?: "all" | readonly string[];
  /** Outputs that are unknown in previews, until it is made. @default whatever `create` adds is undefined there */
  computed?: readonly string[];
  /** The input that it is called by, where the provider makes up a name of at most so many characters for one without. */
  autoName?: { input: string; longest: number };
  /** Inputs that the provider fills in. */
  defaults?: JsonObject;
  /** Why inputs are refused, by property. In previews some are not known yet: texts of the engine's own. @default they are not */
  check?(inputs: JsonObject, asked: Asked): Record<string, string> | undefined;
  /** Make it. @returns its id and its outputs */
  create(inputs: JsonObject, asked: Asked): Found | Promise<Found>;
  /** @returns nothing if it is not there any more. @default it is as it was */
  read?(id: string, known: JsonObject, asked: Asked): Found | undefined | Promise<Found | undefined>;
  /** @returns outputs that have changed by it. @default there is nothing to be done */
  update?(id: string, inputs: JsonObject, before: JsonObject, asked: Asked): JsonObject | Promise<JsonObject>;
  /** Of one that is gone already: nothing happens. @default there is nothing to be done */
  delete?(id: string, known: JsonObject, asked: Asked): void | Promise<void>;
}

/**
 * A package's provider as far as a test needs it: a table of its resource types.
 *
 * ```ts
 * const acme: StandInProvider = {
 *   resources: {
 *     "acme:index:Bucket": {
 *       replaceOn: ["region"],
 *       create: (_, { name }) => ({ id: `${name}-1`, outputs: { url: `https://${name}.test` } }),
 *     },
 *   },
 * };
 * ```
 */
export interface StandInProvider {
  /** By type token, as the program's SDK names it: `aws:s3/bucket:Bucket`. */
  resources: Readonly<Record<string, StandInResource>>;
  /** By token: `aws:index/getRegion:getRegion`. @default there are none */
  functions?: Readonly<Record<string, (args: JsonObject) => JsonObject | Promise<JsonObject>>>;
}
