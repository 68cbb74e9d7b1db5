import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../../src/json";
import { readJson } from "../../../src/jsonText";
import type { RunToPlan } from "../../../src/targets/target";

export const SUBSCRIPTION = "22222222-2222-4222-8222-222222222222";

/** Prefect's template. */
export function aciTemplate(
  name: "azure-container-instance" | "azure-container-instance.from-code" = "azure-container-instance.from-code",
): JsonObject {
  return readJson(readFileSync(join(__dirname, "..", "..", "fixtures", "base-job-templates", `${name}.json`), "utf8")) as JsonObject;
}

export function runOf(id: string, over: Partial<RunToPlan> = {}): RunToPlan {
  return { id, attempt: 1, pool: "etl", timeoutSeconds: null, ...over };
}
