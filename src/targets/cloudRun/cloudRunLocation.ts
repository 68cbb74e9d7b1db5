import { usualValue } from "../cloud/removal";
import { type DeclaredPlace, lastPart, type PoolLocation, said, valueAtPath } from "../locate";

const INTERFACE = ["job_configuration", "job_body", "template", "template", "vpcAccess", "networkInterfaces", 0];

/** The place of a pool's executions: its region, and its network (a connector or a subnetwork of the template). */
export function locate(pool: DeclaredPlace): PoolLocation {
  const usual = (variable: string) => usualValue(pool.baseJobTemplate, variable);
  const region = usual("region") ?? null;
  const connector = usual("vpc_connector_name");
  if (connector !== undefined) return { region, network: `connector ${lastPart(connector)}` };
  const direct = valueAtPath(pool.baseJobTemplate, INTERFACE);
  const network = said(valueAtPath(direct, ["subnetwork"])) ?? said(valueAtPath(direct, ["network"]));
  return { region, network: network === undefined ? null : lastPart(network) };
}
