import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findHome, openHome } from "../home";
import type { JsonObject } from "../json";
import { writeWhole } from "../writeWhole";

// Two resources of a stack can belong to one object of a Prefect server. When a resource is renamed, the new one adopts the object, and
// only then is the former one deleted. So an object has a holder: the resource that adopted it last. If another resource is deleted, the
// object stays.
//
// An adoption is a time. The outputs of the resource that adopted contain it. For the next process it is also in a file of the home folder.

/** When an object was adopted: ISO 8601, UTC. A resource that created its object has an empty time, which is older than any adoption. */
type Adoption = string;
const CREATED_HERE: Adoption = "";

/** The adoptions by the resources of this process's `up`, by the object's id on its server (a UUID). */
const adoptions = new Map<string, Set<Adoption>>();
/** Objects whose resource will be replaced because the URL of the API changed. */
const moving = new Set<string>();

/**
 * Record that a resource of the program holds an object.
 * @param outs of its state
 */
export function recordHolder(object: unknown, outs: JsonObject): void {
  if (typeof object === "string") adoptions.set(object, (adoptions.get(object) ?? new Set()).add(adoptionOf(outs)));
}

/** Record that a resource of the program will be replaced because the URL of its API changed. */
export function recordMoving(object: unknown): void {
  if (typeof object === "string") moving.add(object);
}

/** Whether an existing object belongs to a resource that is being replaced: the same server under another URL. */
export function isMoving(object: string): boolean {
  return moving.has(object);
}

/**
 * Make a resource the holder of an existing object. Call this before the object is changed.
 * @returns what the outputs of the resource must contain
 */
export function adoptObject(object: string): { adoptedAt: Adoption } {
  const last = [...(adoptions.get(object) ?? []), readAdoption(object)].sort().at(-1) ?? CREATED_HERE;
  // Later than every earlier adoption, even if another machine's clock was ahead.
  const after = last === CREATED_HERE ? 0 : Date.parse(last) + 1;
  const adoptedAt = new Date(Math.max(Date.now(), after)).toISOString();
  writeAdoption(object, adoptedAt);
  recordHolder(object, { adoptedAt });
  return { adoptedAt };
}

/** The adoption to keep in the outputs of its resource. */
export function keptAdoption({ adoptedAt }: JsonObject): { adoptedAt?: Adoption } {
  return typeof adoptedAt === "string" ? { adoptedAt } : {};
}

/**
 * Release an object that a resource holds.
 * @param outs of the resource's state
 * @returns whether the object must be deleted: no other resource holds it
 */
export function releaseObject(object: unknown, outs: JsonObject): boolean {
  if (typeof object !== "string") return true;
  const own = adoptionOf(outs);
  const others = adoptions.get(object);
  others?.delete(own);
  const other = [...(others ?? [])].sort().at(-1);
  if (other !== undefined) {
    // The other resource holds the object from now on, also for the next process.
    if (other === CREATED_HERE) rmSync(fileOf(object), { force: true });
    else writeAdoption(object, other);
    return false;
  }
  if (readAdoption(object) > own) return false;
  rmSync(fileOf(object), { force: true });
  return true;
}

function adoptionOf(outs: JsonObject): Adoption {
  return keptAdoption(outs).adoptedAt ?? CREATED_HERE;
}

function fileOf(object: string): string {
  return join(findHome(process.cwd(), process.env), "adopted", encodeURIComponent(object));
}

function readAdoption(object: string): Adoption {
  try {
    return readFileSync(fileOf(object), "utf8").trim();
  } catch {
    return CREATED_HERE;
  }
}

/** If the folder cannot be written, the provider process of this `up` still knows the adoption. */
function writeAdoption(object: string, adoptedAt: Adoption): void {
  try {
    openHome(findHome(process.cwd(), process.env), { create: true });
    writeWhole(fileOf(object), `${adoptedAt}\n`);
  } catch {}
}
