import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../../json";
import { AwsError } from "./awsError";

/** A resource that is only stored. Its properties have CloudFormation's names. */
export interface KeptThing {
  /** Such as `vpc`, `subnet`, `sg`, `nat`. */
  kind: string;
  properties: JsonObject;
}

/** The stored resources around tasks: VPCs and their parts, repositories. By id, oldest first. */
export class Surroundings {
  readonly things = new Map<string, KeptThing>();

  /**
   * @param kind the prefix of its id
   * @param id its own name @default a new id
   * @throws {AwsError} if it refers to a resource that does not exist, or if it already exists
   */
  make(kind: string, properties: JsonObject, id = `${kind}-${randomBytes(8).toString("hex")}`): string {
    this.#check(properties);
    if (this.things.has(id)) throw new AwsError(`${NAMED[kind] ?? kind}AlreadyExists`, `${id} already exists`);
    this.things.set(id, { kind, properties });
    return id;
  }

  /** @throws {AwsError} if it refers to a resource that does not exist */
  change(id: string, properties: JsonObject): void {
    this.#check(properties);
    const { kind = "" } = this.things.get(id) ?? {};
    this.things.set(id, { kind, properties });
  }

  /** @throws {AwsError} while another resource needs it, as in EC2 */
  remove(id: string): void {
    const user = [...this.things].find(
      ([other, { properties }]) => other !== id && Object.values(properties).some((value) => uses(value, id)),
    );
    if (user) throw new AwsError("DependencyViolation", `resource ${id} has a dependent object: ${user[0]}`);
    this.things.delete(id);
  }

  #check(properties: JsonObject): void {
    for (const id of idsIn(properties)) {
      if (this.things.has(id)) continue;
      const kind = id.slice(0, id.indexOf("-"));
      throw new AwsError(`Invalid${NAMED[kind] ?? kind}.NotFound`, `The ${kind} ID '${id}' does not exist`);
    }
  }
}

/** EC2's names for these kinds in its errors. */
const NAMED: Record<string, string> = { vpc: "VpcID", subnet: "SubnetID", sg: "GroupId", rtb: "RouteTableID", eipalloc: "AllocationID" };

/** Every id in a value that looks like those of {@link Surroundings}. */
function idsIn(value: unknown): string[] {
  if (typeof value === "string") return /^[a-z]+-[0-9a-f]{16}$/.test(value) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(idsIn) : [];
}

function uses(value: unknown, id: string): boolean {
  if (value === id) return true;
  return typeof value === "object" && value !== null && Object.values(value).some((inner) => uses(inner, id));
}
