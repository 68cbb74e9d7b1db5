import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, expect, test } from "vitest";
import type { Field } from "../../../src/targets/cloud/wireFields";
import { GROUP_FIELDS } from "../../../src/targets/containerInstances/groupFields";

// The fields that a container group may have, held against Azure's own description of them in the SDK.

interface Type {
  name: string;
  className?: string;
  element?: { type: Type };
  value?: { type: Type };
  modelProperties?: Record<string, { serializedName: string; type: Type; required?: boolean; readOnly?: boolean }>;
}
let mappers: Record<string, { type: Type }>;

beforeAll(async () => {
  const root = join(require.resolve("@azure/arm-containerinstance"), "..", "..");
  mappers = await import(pathToFileURL(join(root, "dist-esm/src/models/mappers.js")).href);
});

/** What the SDK sends of a type, by the path of each value in the request. */
function sent(type: Type, path: string): string[] {
  if (type.name === "Sequence") return sent(type.element?.type as Type, `${path}[]`);
  if (type.name === "Dictionary") return type.value?.type.name === "any" ? [`${path}{}`] : sent(type.value?.type as Type, `${path}{}`);
  if (type.name !== "Composite") return [`${path}: ${type.name === "Enum" ? "String" : type.name}`];
  const properties = Object.values(mappers[type.className as string]?.type.modelProperties ?? {}).filter(({ readOnly }) => !readOnly);
  if (properties.length === 0) return [path];
  return properties.flatMap((property) => sent(property.type, `${path}.${property.serializedName}`));
}

const KINDS: Record<string, string> = { text: "String", integer: "Number", number: "Number", flag: "Boolean" };

function taken(field: Field, path: string): string[] {
  if (field === "any") return [`${path}{}`];
  if (typeof field === "string") return [`${path}: ${KINDS[field]}`];
  if ("enum" in field) return [`${path}: String`];
  if ("list" in field) return taken(field.list, `${path}[]`);
  if ("map" in field) return field.map === "any" ? [`${path}{}`] : taken(field.map, `${path}{}`);
  const entries = Object.entries(field.fields);
  return entries.length === 0 ? [path] : entries.flatMap(([key, inner]) => taken(inner, `${path}.${key}`));
}

test("they are what the SDK sends, of the same kinds, and no more", () => {
  // What a container is found in: only Azure writes it.
  const ours = (path: string) => !path.includes(".instanceView");
  expect(taken(GROUP_FIELDS, "").sort()).toEqual(sent({ name: "Composite", className: "ContainerGroup" }, "").filter(ours).sort());
});
