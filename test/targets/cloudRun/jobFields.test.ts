import { expect, test } from "vitest";
import type { Field } from "../../../src/targets/cloud/wireFields";
import { JOB_FIELDS } from "../../../src/targets/cloudRun/jobFields";

// The supported fields of a job_body, compared with Google's description of a Job in the SDK.

interface Descriptor {
  nested?: Record<string, Descriptor>;
  fields?: Record<string, { type: string; rule?: string; keyType?: string; options?: Record<string, unknown> }>;
  values?: Record<string, number>;
}
const root = require("@google-cloud/run/build/protos/protos.json") as Descriptor;

function find(type: string, scope: string): { name: string; of: Descriptor } {
  const parts = scope.split(".").filter(Boolean);
  for (let length = parts.length; length >= 0; length--) {
    const path = [...parts.slice(0, length), ...type.split(".").filter(Boolean)];
    let found: Descriptor | undefined = root;
    for (const part of path) found = found?.nested?.[part];
    if (found) return { name: path.join("."), of: found };
  }
  throw new Error(`no ${type} in ${scope}`);
}

/** How a field differs from Google's description. */
function faults(field: Field, type: string, scope: string, path: string): string[] {
  if (type === "string" || type === "bool" || type === "int32") {
    const ours = { string: "text", bool: "flag", int32: "integer" }[type];
    return field === ours ? [] : [`${path} is ${type}`];
  }
  if (type === "google.protobuf.Duration") return field === "duration" ? [] : [`${path} is a duration`];
  if (typeof field === "string") return [`${path} is ${type}`];
  const { name, of } = find(type, scope);
  if (of.values) {
    const known = Object.keys(of.values);
    return "enum" in field
      ? field.enum.filter((each) => !known.includes(each) && each !== "LAUNCH_TAG_UNSPECIFIED").map((each) => `${path} has no ${each}`)
      : [`${path} is an enum`];
  }
  if (!("fields" in field)) return [`${path} is a message`];
  return Object.entries(field.fields).flatMap(([key, inner]) => {
    const described = of.fields?.[key];
    const at = `${path}.${key}`;
    if (!described) return [`${at} is not in ${name}`];
    if (described.keyType) return typeof inner === "object" && "map" in inner ? [] : [`${at} is a map`];
    if (described.rule !== "repeated") return faults(inner, described.type, name, at);
    return typeof inner === "object" && "list" in inner ? faults(inner.list, described.type, name, at) : [`${at} is a list`];
  });
}

test("every field exists in Google's description, with the same type", () => {
  expect(faults(JOB_FIELDS, "google.cloud.run.v2.Job", "", "job")).toEqual([]);
});

/** Google's fields that a caller may set and pushpool does not support, by their message. */
function missing(field: Field, type: string, scope: string): string[] {
  if (typeof field === "string" || "enum" in field || "map" in field) return [];
  if ("list" in field) return missing(field.list, type, scope);
  const { name, of } = find(type, scope);
  return Object.entries(of.fields ?? {}).flatMap(([key, { type: inner, options }]) => {
    const known = field.fields[key];
    if (known) return missing(known, inner, name);
    return options?.["(google.api.field_behavior)"] === "OUTPUT_ONLY" ? [] : [`${name.split(".").at(-1)}.${key}`];
  });
}

test("unsupported fields are left out on purpose", () => {
  expect([...new Set(missing(JOB_FIELDS, "google.cloud.run.v2.Job", ""))].sort()).toEqual([
    "Container.baseImageUri",
    "Container.sourceCode",
    "Job.etag",
    "Job.name",
    "Job.runExecutionToken",
    "Job.startExecutionToken",
  ]);
});
