import { hash } from "node:crypto";
import { canonicalJson } from "../canonicalJson";
import type { Json } from "../json";

/** SHA-256 of JSON with sorted keys. The same request has the same digest, in any order of keys. */
export function requestDigest(request: Json): string {
  return hash("sha256", canonicalJson(request), "hex");
}
