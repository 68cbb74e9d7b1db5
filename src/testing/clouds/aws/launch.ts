import type { JsonObject } from "../../../json";
import { invalid } from "./awsError";
import type { Cluster, TaskDefinitionRecord } from "./awsWorld";

/**
 * The memory in MiB that Fargate allows for each number of CPU units
 * (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html).
 */
const SIZES: Record<string, (memory: number) => boolean> = {
  "256": (memory) => [512, 1024, 2048].includes(memory),
  "512": within(1, 4),
  "1024": within(2, 8),
  "2048": within(4, 16),
  "4096": within(8, 30),
  "8192": within(16, 60, 4),
  "16384": within(32, 120, 8),
};

function within(from: number, to: number, by = 1): (memory: number) => boolean {
  return (memory) => memory >= from * 1024 && memory <= to * 1024 && (memory - from * 1024) % (by * 1024) === 0;
}

export function isFargateSize(cpu: unknown, memory: unknown): boolean {
  return SIZES[String(cpu)]?.(Number(memory)) ?? false;
}

/** Whether a request runs on Fargate. */
export function isFargate({ launchType, capacityProviderStrategy }: JsonObject): boolean {
  return (
    launchType === "FARGATE" ||
    (Array.isArray(capacityProviderStrategy) &&
      capacityProviderStrategy.some((each) => String((each as JsonObject).capacityProvider).startsWith("FARGATE")))
  );
}

/** What a definition can be launched on; ECS decides it at registration. */
export function compatibilitiesOf({ networkMode, cpu, memory }: JsonObject): string[] {
  if (networkMode !== "awsvpc") return ["EXTERNAL", "EC2"];
  return isFargateSize(cpu, memory) ? ["EC2", "FARGATE"] : ["EC2"];
}

/** Refuse a launch that does not fit the definition or the cluster. @throws {AwsError} */
export function refuseLaunch(body: JsonObject, { definition }: TaskDefinitionRecord, cluster: Cluster): void {
  const { launchType, capacityProviderStrategy = [] } = body as { launchType?: string; capacityProviderStrategy?: JsonObject[] };
  if (launchType !== undefined && capacityProviderStrategy.length > 0)
    throw invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.");
  for (const { capacityProvider } of capacityProviderStrategy)
    if (!cluster.capacityProviders.includes(String(capacityProvider)))
      throw invalid(
        "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.",
      );
  const on = launchType ?? (capacityProviderStrategy.length > 0 ? undefined : "EC2");
  if (on === undefined) return;
  if (!(definition.compatibilities as string[]).includes(on)) throw invalid(`Task definition does not support launch_type ${on}.`);
  if (on !== "FARGATE" && !cluster.instances.has(on)) throw invalid("No Container Instances were found in your cluster.");
}
