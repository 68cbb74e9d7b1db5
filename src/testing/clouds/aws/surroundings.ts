import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../../json";
import { AwsError } from "./errors";

/** A rule of a security group, or a route: whatever a thing of the network has in it. */
export interface KeptThing {
  /** As `vpc`, `subnet`, `sg`, `nat`. */
  kind: string;
  properties: JsonObject;
}

/** What lies around tasks and is only kept: VPCs and what is in them, repositories. By id, oldest first. */
export class Surroundings {
  readonly things = new Map<string, KeptThing>();

  /** @param kind what its id begins with */
  make(kind: string, properties: JsonObject): string {
    for (const [field, prefix] of [
      ["vpcId", "vpc"],
      ["subnetId", "subnet"],
      ["routeTableId", "rtb"],
    ] as const)
      if (properties[field] !== undefined) this.#existing(prefix, String(properties[field]));
    const id = `${kind}-${randomBytes(8).toString("hex")}`;
    this.things.set(id, { kind, properties });
    return id;
  }

  /** @throws {AwsError} while something else needs it, as EC2 does */
  remove(id: string): void {
    const user = [...this.things].find(
      ([other, { properties }]) => other !== id && Object.values(properties).some((value) => uses(value, id)),
    );
    if (user) throw new AwsError("DependencyViolation", `resource ${id} has a dependent object: ${user[0]}`);
    this.things.delete(id);
  }

  #existing(kind: string, id: string): void {
    if (this.things.get(id)?.kind !== kind) throw new AwsError(`Invalid${kind}ID.NotFound`, `The ${kind} ID '${id}' does not exist`);
  }
}

function uses(value: unknown, id: string): boolean {
  if (value === id) return true;
  return typeof value === "object" && value !== null && Object.values(value).some((inner) => uses(inner, id));
}
