import type { JsonObject } from "../json";
import { ACI_TEMPLATE } from "./aciTemplate";
import { CLOUD_RUN_TEMPLATE } from "./cloudRunTemplate";
import { ECS_TEMPLATE } from "./ecsTemplate";
import { PROCESS_TEMPLATE } from "./processTemplate";

const TEMPLATES = {
  "process:push": PROCESS_TEMPLATE,
  "cloud-run-v2:push": CLOUD_RUN_TEMPLATE,
  "ecs:push": ECS_TEMPLATE,
  "azure-container-instance:push": ACI_TEMPLATE,
};

/** The default base job template of a pool type. Each call returns a copy, which the caller may change. */
export function defaultTemplate(type: keyof typeof TEMPLATES): JsonObject {
  return structuredClone(TEMPLATES[type]);
}
