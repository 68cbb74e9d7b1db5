import type { Value } from "../../json";
import { Secret } from "../../secret";
import { UserError } from "../../userError";
import type { PoolAccess } from "../target";

/** Reads what a pool's definition says about its cloud, in the same way for all clouds. */

/** When the pool's own credentials were created, in milliseconds; absent: long ago. */
export function createdAtOf({ credentials, ambient }: PoolAccess): { createdAt?: number } {
  return credentials?.createdAt === undefined || ambient ? {} : { createdAt: Date.parse(credentials.createdAt) };
}

/** @param type of the pool, with its article: "an ecs:push" */
export function checkServices({ name, endpoints }: PoolAccess, known: readonly string[], type: string): void {
  for (const service of Object.keys(endpoints)) {
    if (!known.includes(service))
      throw new UserError(
        `pools.${name}.endpoints.${service}: ${type} pool uses ${known.slice(0, -1).join(", ")} and ${known.at(-1)} only`,
      );
  }
}

export function urlAt(text: string, path: string): URL {
  if (!URL.canParse(text)) throw new UserError(`${path}: "${text}" is not a valid URL: must be https://host or http://host:port`);
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) throw new UserError(`${path}: must begin with https:// or http://, not ${url.protocol}//`);
  return url;
}

/** A value of a credentials block as plain text. @throws {UserError} if it is secret and unavailable here */
export function plainAt(value: Value | undefined, path: string): unknown {
  if (!(value instanceof Secret)) return value;
  if (value.known) return value.reveal();
  throw new UserError(
    `${path}: is not readable here: use the stack itself, or \`pushpool manifest pull --with-secrets\`, or your own login with --credentials ambient`,
  );
}

/** The same, which must be a string. @returns `undefined` if it is absent or empty */
export function plainTextAt(value: Value | undefined, path: string): string | undefined {
  const plain = plainAt(value, path) ?? "";
  if (typeof plain !== "string") throw new UserError(`${path}: must be a string`);
  return plain === "" ? undefined : plain;
}
