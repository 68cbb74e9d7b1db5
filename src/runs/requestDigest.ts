import { createHash } from "node:crypto";
import type { Json } from "../json";

/** SHA-256 of JSON with sorted keys: the same request, however it was written, has the same digest. */
export function requestDigest(request: Json): string {
  return createHash("sha256").update(canonical(request)).digest("hex");
}

function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.keys(value).sort();
  return `{${entries.map((key) => `${JSON.stringify(key)}:${canonical(value[key] as Json)}`).join(",")}}`;
}
