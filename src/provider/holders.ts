import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findHome, openHome } from "../home";
import type { JsonObject } from "../json";
import { writeWhole } from "../writeWhole";

// Two resources of a stack can stand for one object of a Prefect server: a resource under a new name adopts what the one under the former name
// made, and only then is the former one deleted. So an object has a holder: the resource that adopted it last. A delete by any other spares it.
//
// An adoption is a time. It is in the outputs of the resource that adopted, and, for the next process, in a file of the home.

/** When an object was adopted: ISO 8601, UTC. A resource that made its object has none, and so is older than any adoption. */
type Adoption = string;
const MADE: Adoption = "";

/** What the resources of this process's `up` hold, by the object's id on its server (a UUID): each has an entry for its own adoption. */
const held = new Map<string, Set<Adoption>>();
/** Objects whose resource is to be replaced since the URL of the API has changed. */
const moving = new Set<string>();

/** Note that a resource of the program stands for an object. @param outs of its state */
export function noteHolder(object: unknown, outs: JsonObject): void {
  if (typeof object === "string") held.set(object, (held.get(object) ?? new Set()).add(adoptionOf(outs)));
}

/** Note that a resource of the program is replaced, since the URL of its API is another one. */
export function noteMoving(object: unknown): void {
  if (typeof object === "string") moving.add(object);
}

/** Whether an object that is already there is the one that a replacement is about: the same server under another URL. */
export function isMoving(object: string): boolean {
  return moving.has(object);
}

/**
 * Make the resource that is being created the holder of an object that is there already. Recorded before the object is changed.
 * @returns what its outputs have to have
 */
export function adoptObject(object: string): { adoptedAt: Adoption } {
  const last = [...(held.get(object) ?? []), recorded(object)].sort().at(-1) ?? MADE;
  // Later than every adoption before, whatever the clock of the machine that made it said.
  const after = last === MADE ? 0 : Date.parse(last) + 1;
  const adoptedAt = new Date(Math.max(Date.now(), after)).toISOString();
  record(object, adoptedAt);
  noteHolder(object, { adoptedAt });
  return { adoptedAt };
}

/** An adoption stays in the outputs of its resource. */
export function keptAdoption({ adoptedAt }: JsonObject): { adoptedAt?: Adoption } {
  return typeof adoptedAt === "string" ? { adoptedAt } : {};
}

/**
 * Let go of an object that a resource stands for.
 * @param outs of the resource's state
 * @returns whether the object is to be deleted: no other resource holds it
 */
export function letGo(object: unknown, outs: JsonObject): boolean {
  if (typeof object !== "string") return true;
  const own = adoptionOf(outs);
  const others = held.get(object);
  others?.delete(own);
  const other = [...(others ?? [])].sort().at(-1);
  if (other !== undefined) {
    // Of the two the other one is left: it holds the object from now on, also for the next process.
    if (other === MADE) rmSync(fileOf(object), { force: true });
    else record(object, other);
    return false;
  }
  if (recorded(object) > own) return false;
  rmSync(fileOf(object), { force: true });
  return true;
}

function adoptionOf(outs: JsonObject): Adoption {
  return keptAdoption(outs).adoptedAt ?? MADE;
}

function fileOf(object: string): string {
  return join(findHome(process.cwd(), process.env), "adopted", encodeURIComponent(object));
}

function recorded(object: string): Adoption {
  try {
    return readFileSync(fileOf(object), "utf8").trim();
  } catch {
    return MADE;
  }
}

/** Where the folder cannot be written to, the provider process of this `up` still knows. */
function record(object: string, adoptedAt: Adoption): void {
  try {
    openHome(findHome(process.cwd(), process.env), { create: true });
    writeWhole(fileOf(object), `${adoptedAt}\n`);
  } catch {}
}
