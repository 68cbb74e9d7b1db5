import type { JsonObject } from "../json";
import type { Client } from "../prefect/client";
import { PrefectRefusal } from "../prefect/prefectRefusal";
import { UserError } from "../userError";
import { adoptObject, isMoving, recordHolder, recordMoving, releaseObject } from "./holders";
import { configuredConnection, hasMoved, openClientFor } from "./prefectConnection";
import { printLine } from "./printLine";

// The parts that all kinds of resources on a Prefect API share.

/**
 * Begin the diff of a resource.
 * @param object its id on the server, a UUID
 * @returns the field because of which it is replaced, if it is on another API than the configured one
 */
export function movedFields(object: unknown, olds: JsonObject): "apiUrl"[] {
  recordHolder(object, olds);
  if (!hasMoved(olds)) return [];
  recordMoving(object);
  return ["apiUrl"];
}

/**
 * Take over an object that already exists, before it is changed.
 * @param about its name in messages, such as `work pool "etl"`
 * @param other the field to give another name in
 * @returns what the outputs of the resource must contain
 * @throws {UserError} unless the program sets `adoptExisting`, or the object belongs to a resource that is being replaced
 */
export function takeOver(
  object: string,
  inputs: JsonObject,
  { about, client, other }: { about: string; client: Client; other: string },
): { adoptedAt: string } {
  if (inputs.adoptExisting !== true && !isMoving(object)) throw alreadyExists(about, client, other);
  return adoptObject(object);
}

/** The error for an update of an object that someone has deleted. */
export function objectWasDeleted(about: string, { connection }: Client): UserError {
  return new UserError(
    `${about} no longer exists at ${connection.apiUrl}: run \`pulumi refresh\`, and the next update creates it again`,
    5,
  );
}

/** An environment variable with the URL of an API that no longer exists. Resources there are removed from the state without a deletion. */
const FORGET = "PUSHPOOL_FORGET_PREFECT_API";

/**
 * Delete a resource's object on its API, unless another resource of the program holds it now.
 * @param about its name in messages, such as `work pool "etl"`
 * @param object its id on the server, a UUID
 * @throws {UserError} with the next steps, if that API is unreachable or refuses
 */
export async function deleteObject(
  about: string,
  object: unknown,
  outs: JsonObject,
  remove: (client: Client) => Promise<void>,
): Promise<void> {
  if (!releaseObject(object, outs)) return printLine(`${about} is kept: it belongs to another resource of the program now`);
  const { apiUrl } = outs;
  if (typeof apiUrl === "string" && process.env[FORGET]?.replace(/\/+$/, "") === apiUrl)
    return printLine(`warning: ${about} is removed from the state, but was not deleted at ${apiUrl} (${FORGET})`);
  try {
    await remove(await openClientFor(outs));
  } catch (error) {
    if (!(error instanceof PrefectRefusal) || typeof apiUrl !== "string") throw error;
    const key =
      configuredConnection()?.apiUrl !== apiUrl
        ? ` If it needs a key: set PREFECT_API_URL=${apiUrl} and PREFECT_API_KEY for this command.`
        : "";
    throw new UserError(
      `${about} was not deleted at ${apiUrl}: ${error.message}.${key} If that API no longer exists: set ${FORGET}=${apiUrl} and run this again, which removes it from the state`,
      5,
    );
  }
}

/**
 * The error for an existing object that must not be adopted, with the ways to continue.
 * @param other the field to give another name in
 */
export function alreadyExists(about: string, client: Client, other: string): UserError {
  return new UserError(
    `${about} already exists, at ${client.connection.apiUrl}: set adoptExisting: true to take it over, or set another ${other}. If only the name of this resource has changed: add its former name with aliases: [{ name: "FORMER NAME" }]`,
    5,
  );
}
