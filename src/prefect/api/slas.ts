import type { JsonObject } from "../../json";
import type { Client } from "../client";

/**
 * Set the service level agreements of a deployment. They are matched by their names; those that are not in the list are deleted. Prefect Cloud only.
 */
export async function applySlas(client: Client, deployment: { id: string; name: string }, slas: readonly JsonObject[]): Promise<void> {
  const owner = `prefect.deployment.${deployment.id}`;
  await client.request("POST", `/slas/apply-resource-slas/${owner}`, {
    json: slas.map((sla) => ({ ...sla, owner_resource: owner })),
    about: `deployment "${deployment.name}": its sla`,
  });
}
