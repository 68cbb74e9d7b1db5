import type { JsonObject } from "../json";
import { ACI_TEMPLATE } from "./aciTemplate";
import { CLOUD_RUN_TEMPLATE } from "./cloudRunTemplate";
import { ECS_TEMPLATE } from "./ecsTemplate";
import { PROCESS_TEMPLATE } from "./processTemplate";

/** What Prefect's template of each pool type is, and its variable for the credentials block. `process:push` has none. */
const TEMPLATES = {
  "process:push": { template: PROCESS_TEMPLATE, credentials: undefined },
  "cloud-run-v2:push": { template: CLOUD_RUN_TEMPLATE, credentials: "credentials" },
  "ecs:push": { template: ECS_TEMPLATE, credentials: "aws_credentials" },
  "azure-container-instance:push": { template: ACI_TEMPLATE, credentials: "aci_credentials" },
};

/** A pool type with a default base job template. */
export type TemplateType = keyof typeof TEMPLATES;

export const TEMPLATE_TYPES = Object.keys(TEMPLATES) as TemplateType[];

/** The default base job template of a pool type. Each call returns a copy, which the caller may change. */
export function defaultTemplate(type: TemplateType): JsonObject {
  return structuredClone(TEMPLATES[type].template);
}

/** The variable for the credentials block in the template of a pool type; `undefined` if it has none. */
export function credentialsVariable(type: string): string | undefined {
  return Object.hasOwn(TEMPLATES, type) ? TEMPLATES[type as TemplateType].credentials : undefined;
}
