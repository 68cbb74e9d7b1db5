import type { AnyJson } from "../anyJson";
import { checkChoice, type Declared, refuse } from "../checks";
import type { Platform } from "../imageBuild";

/** The processors of tasks, by their names in a task definition. */
export const CpuArchitecture = {
  X86_64: "X86_64",
  /** AWS Graviton, which costs less on Fargate. The image must be built for linux/arm64. */
  Arm64: "ARM64",
} as const;
export type CpuArchitecture = (typeof CpuArchitecture)[keyof typeof CpuArchitecture];

/** The arguments that decide the processor. */
interface Chosen {
  cpuArchitecture?: CpuArchitecture | undefined;
  template: Record<string, AnyJson>;
  jobVariables: Record<string, AnyJson>;
}

/** @throws {pulumi.ResourceError} with the field and the fix */
export function checkArchitecture({ cpuArchitecture, template }: Chosen, of: Declared): void {
  checkChoice("cpuArchitecture", cpuArchitecture, CpuArchitecture, of);
  if (cpuArchitecture === undefined) return;
  const definition = template.job_configuration?.task_definition;
  if (typeof definition !== "object" || definition === null)
    refuse("baseJobTemplate.job_configuration.task_definition is missing: the pool writes cpuArchitecture there", of);
  if (definition.runtimePlatform !== undefined)
    refuse(
      "cpuArchitecture and baseJobTemplate.job_configuration.task_definition.runtimePlatform cannot both be given: give the architecture once",
      of,
    );
}

/** The platform of tasks. ECS takes X86_64 if a task definition does not say it. */
export function taskPlatform({ cpuArchitecture, template, jobVariables }: Chosen): Platform {
  const written = cpuArchitecture ?? template.job_configuration?.task_definition?.runtimePlatform?.cpuArchitecture;
  const [, variable] = /^\{\{\s*(\w+)\s*\}\}$/.exec(String(written)) ?? [];
  const chosen = variable === undefined ? written : (jobVariables[variable] ?? template.variables?.properties?.[variable]?.default);
  return chosen === CpuArchitecture.Arm64 ? "linux/arm64" : "linux/amd64";
}

/** Prefect's template has no variable for the processor. So it goes into the task definition itself. */
export function onArchitecture(template: Record<string, AnyJson>, cpuArchitecture: CpuArchitecture | undefined): Record<string, AnyJson> {
  if (cpuArchitecture === undefined) return template;
  const job = template.job_configuration;
  const runtimePlatform = { cpuArchitecture, operatingSystemFamily: "LINUX" };
  return { ...template, job_configuration: { ...job, task_definition: { ...job.task_definition, runtimePlatform } } };
}
