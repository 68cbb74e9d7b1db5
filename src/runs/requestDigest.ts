import { createHash } from "node:crypto";
import { canonicalJson } from "../canonicalJson";
import type { Json } from "../json";

/** SHA-256 of JSON with sorted keys: the same request, however it was written, has the same digest. */
export function requestDigest(request: Json): string {
  return createHash("sha256").update(canonicalJson(request)).digest("hex");
}
