import type { JsonObject } from "../../json";

/** An existing resource. */
export interface Found {
  id: string;
  /** Its outputs by name. Those equal to its inputs may be omitted. */
  outputs?: JsonObject;
}

/** The resource that a stand-in provider is asked about. */
export interface Asked {
  urn: string;
  /** Its name in the program. */
  name: string;
}

/**
 * One resource type: what only the provider knows about it, and the calls for its operations. Properties are plain JSON: secrets are not
 * marked here; the engine keeps the marks.
 */
export interface StandInResource {
  /** Inputs whose change requires a replacement; "all" for all. @default none: every change is an update */
  replaceOn?: "all" | readonly string[];
  /** Outputs that are unknown in previews until it is created. @default what `create` adds is undefined there */
  computed?: readonly string[];
  /** Outputs that are unknown in previews of an update too. @default they stay as they are */
  recomputed?: readonly string[];
  /**
   * The input with its name. If the program omits it, the provider generates one: of at most `longest` characters from the resource's name, or a
   * UUID.
   */
  autoName?: { input: string; longest: number } | { input: string; uuid: true };
  /** Values for inputs that the program omits. */
  defaults?: JsonObject;
  /**
   * Why inputs are refused, by property. In previews some are unknown: the engine then passes placeholder strings. @default nothing is
   * refused
   */
  check?(inputs: JsonObject, asked: Asked): Record<string, string> | undefined;
  /**
   * Which properties differ from the state, if a comparison of all inputs does not say it.
   * @param known the outputs in the state
   */
  differs?(inputs: JsonObject, known: JsonObject, asked: Asked): readonly string[];
  /** Create it. @returns its id and its outputs */
  create(inputs: JsonObject, asked: Asked): Found | Promise<Found>;
  /** @returns `undefined` if it no longer exists @default it is unchanged */
  read?(id: string, known: JsonObject, asked: Asked): Found | undefined | Promise<Found | undefined>;
  /** @returns the changed outputs @default nothing to do */
  update?(id: string, inputs: JsonObject, before: JsonObject, asked: Asked): JsonObject | Promise<JsonObject>;
  /** If it no longer exists, nothing happens. @default nothing to do */
  delete?(id: string, known: JsonObject, asked: Asked): void | Promise<void>;
}

/**
 * A package's provider, as far as a test needs it: a table of its resource types.
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
  /** By type token, as in the program's SDK: `aws:s3/bucket:Bucket`. */
  resources: Readonly<Record<string, StandInResource>>;
  /** By token: `aws:index/getRegion:getRegion`. @default none */
  functions?: Readonly<Record<string, (args: JsonObject) => JsonObject | Promise<JsonObject>>>;
}
