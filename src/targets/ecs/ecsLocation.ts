import { usualValue } from "../cloud/removal";
import { type DeclaredPlace, defaultOf, type PoolLocation, said, valueAtPath } from "../locate";

/** The place of a pool's tasks: the region of its credentials, else that of the caller, and the subnets of a VPC. */
export function locate(pool: DeclaredPlace): PoolLocation {
  const { credentials, env } = pool;
  const region = said(credentials.region_name) ?? said(env.AWS_REGION) ?? said(env.AWS_DEFAULT_REGION) ?? null;
  const vpc = usualValue(pool.baseJobTemplate, "vpc_id");
  const subnets = valueAtPath(defaultOf(pool, "network_configuration"), ["subnets"]);
  const count = Array.isArray(subnets) ? `${subnets.length} subnet${subnets.length === 1 ? "" : "s"}` : undefined;
  const parts = [vpc, count].filter((part) => part !== undefined);
  return { region, network: parts.length === 0 ? null : parts.join(", ") };
}
