import type { Json } from "../json";
import type { RunRecord } from "../ledger";
import { isTerminal } from "../model/run";
import { oneLine, quoted } from "../shown";
import type { Submission } from "../targets/target";
import { UserError } from "../userError";
import { placedNowhere } from "./elsewhere";
import { findDeployment } from "./findDeployment";
import { planJob, type RunRequest, resolveRequest } from "./plan";
import { checkStack, keyOf } from "./pool";
import type { RunsContext } from "./runsContext";
import { state } from "./states";
import { withoutSecrets } from "./storedSecrets";

/**
 * Start another attempt of a run that ended without success. It is SCHEDULED again, with its own parameters and job variables, on what the
 * stack provides now. Nothing is sent.
 * @throws {UserError} if it has not ended, or has COMPLETED: repeating that is a new run
 */
export async function retry(context: RunsContext, id: string): Promise<RunRecord> {
  const record = await context.ledger.read(id);
  if (!record) throw new Error(`run ${id} is not in the ledger`);
  const { run } = record;
  if (!isTerminal(run.state)) {
    throw new UserError(
      `run ${oneLine(run.name)} (${run.id}) has not ended: it is ${run.state.type}. \`pushpool wait ${run.id}\` follows it, \`pushpool cancel ${run.id}\` ends it`,
    );
  }
  if (run.state.type === "COMPLETED") {
    throw new UserError(
      `run ${oneLine(run.name)} (${run.id}) COMPLETED: there is nothing to retry. To do it again: \`pushpool run ${oneLine(run.deployment)}\``,
    );
  }
  const loaded = await context.manifest();
  const { manifest, origin } = loaded;
  checkStack(loaded, run, `run ${oneLine(run.name)}`);
  // The run's parameters are complete: they contain the deployment's from then, not from now.
  const deployment = await findDeployment({ ledger: context.ledger, ...loaded }, run.deployment);
  const request: RunRequest = {
    deployment: deployment.name,
    parameters: run.parameters,
    jobVariables: run.jobVariables,
    ...(record.submission.workPool === undefined ? {} : { workPool: run.workPool }),
  };
  const found = resolveRequest(manifest, origin, request, deployment);
  const resolved = { ...found, parameters: run.parameters };
  if (found.pool.type !== record.poolType || found.workPool !== run.workPool) {
    throw new UserError(
      `deployment ${quoted(run.deployment)} now runs on work pool "${found.workPool}" (${found.pool.type}), this run was on ${quoted(run.workPool)}: start a new run`,
    );
  }
  const attempt = run.attempt + 1;
  const target = await context.target(record);
  const { submission: planned } = planJob({ manifest, request, resolved, run: { id, name: run.name, attempt }, target, context });
  const submission: Submission = {
    ...planned,
    ...(record.submission.credentials === "ambient" ? { credentials: "ambient" } : {}),
    ...(request.workPool === undefined ? {} : { workPool: request.workPool }),
    ...keyOf(manifest, run.workPool, record.submission.credentials === "ambient" ? "ambient" : undefined),
  };
  const stored = (await withoutSecrets({ ...submission }, context.digestKey)) as { [key: string]: Json };
  const changed = await context.ledger.change(id, run.version, {
    state: state("SCHEDULED", context.now(), `attempt ${attempt}`, "AwaitingRetry"),
    nextAttempt: { submission: stored },
    startedAt: null,
    endedAt: null,
    infrastructureId: null,
    outcome: null,
    owner: null,
    ...placedNowhere(context),
  });
  if (!changed)
    throw new UserError(
      `run ${oneLine(run.name)} (${id}) was changed by another process at the same time: check it with \`pushpool show ${id}\``,
    );
  context.planned.set(`${id}/${attempt}`, submission);
  return changed;
}
