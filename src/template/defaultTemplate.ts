import type { JsonObject } from "../json";
import { CLOUD_RUN_TEMPLATE } from "./cloudRunTemplate";
import { ECS_TEMPLATE } from "./ecsTemplate";
import { PROCESS_TEMPLATE } from "./processTemplate";

const TEMPLATES = { "process:push": PROCESS_TEMPLATE, "cloud-run-v2:push": CLOUD_RUN_TEMPLATE, "ecs:push": ECS_TEMPLATE };

/** The base job template that a pool of this type has unless it is given one; a copy, to be changed at will. */
export function defaultTemplate(type: keyof typeof TEMPLATES): JsonObject {
  return structuredClone(TEMPLATES[type]);
}
