import { validate as isUuid } from "uuid";
import { readDeployment, readFlow } from "../prefect/api/deployments";
import { filterFlowRuns, readFlowRun, type ServerRun } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";
import { oneLine, quoted } from "../shown";
import { UserError } from "../userError";

/** The maximum number of candidates that the error for an ambiguous name lists. */
const SHOWN = 8;

/**
 * Find a run of the server by its id or its name, whoever created it.
 * @returns the run with the name of its deployment (`flow/deployment`, or only the flow if it has no deployment); `undefined` if there is
 * no such run
 * @throws {UserError} with the candidates, if several runs have that name
 */
export async function findServerRun(client: Client, ref: string): Promise<{ run: ServerRun; deployment: string } | undefined> {
  const run = isUuid(ref) ? await readFlowRun(client, ref) : await theOneNamed(client, ref);
  if (!run) return undefined;
  const [flow, deployment] = await Promise.all([
    readFlow(client, run.flow_id),
    run.deployment_id === null ? undefined : readDeployment(client, run.deployment_id),
  ]);
  return { run, deployment: [flow?.name, deployment?.name].filter((name) => name !== undefined).join("/") };
}

async function theOneNamed(client: Client, name: string): Promise<ServerRun | undefined> {
  if (name === "") return undefined;
  const filter = { flow_runs: { name: { any_: [name] } }, sort: "EXPECTED_START_TIME_DESC", limit: SHOWN + 1 };
  const found = await filterFlowRuns(client, filter);
  if (found.length <= 1) return found[0];
  const listed = found.slice(0, SHOWN).map(({ id, state_type }) => `  ${id}  ${oneLine(name)}  ${state_type}`);
  const more = found.length > SHOWN ? ["  …"] : [];
  throw new UserError(`RUN ${quoted(name)} is ambiguous at ${client.connection.apiUrl}; give its id:\n${[...listed, ...more].join("\n")}`);
}
