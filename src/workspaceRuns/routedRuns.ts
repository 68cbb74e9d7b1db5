import { type FlowRun, isTerminal } from "../model/flowRun";
import { few } from "../nearest";
import type { Runs, RunsParts } from "../runs";
import type { ServerRuns } from "../serverRuns/serverRuns";
import { oneLine } from "../shown";
import type { LogLine } from "../targets/target";
import { UserError } from "../userError";

/**
 * The runs of a workspace. Where its manifest names a Prefect API, runs are made, followed and cancelled on that server; else in the ledger.
 * A workspace without a Prefect API loads no code for one.
 *
 * @param local the runs of the ledger
 */
export function routedRuns(local: Runs, parts: RunsParts): Runs {
  let opened: Promise<ServerRuns | undefined> | undefined;
  const open = () => {
    opened ??= openServerRuns(parts);
    return opened;
  };
  /** The server's runs that this process has made or found. They need not be in the ledger. */
  const made = new Set<string>();
  const ofServer = async (id: string): Promise<ServerRuns | undefined> => {
    if (made.has(id)) return open();
    const record = await parts.ledger.read(id);
    return record?.submission.prefect === undefined ? undefined : open();
  };
  /** The server owns the states of its runs. If it is out of reach, show the runs as this ledger saw them last. */
  const asOnServer = async (runs: FlowRun[]): Promise<FlowRun[]> => {
    const records = await Promise.all(runs.map(({ id }) => parts.ledger.read(id)));
    const theirs = runs.filter((_, index) => records[index]?.submission.prefect !== undefined);
    if (theirs.length === 0) return runs;
    try {
      const seen = await (await open())?.readRuns(theirs);
      if (!seen) return runs;
      const gone = new Set(theirs.filter((run) => !seen.has(run.id)));
      const unended = [...gone].filter(({ state }) => !isTerminal(state));
      if (unended.length > 0) parts.warn?.(deletedThere(unended));
      return runs.map((run) => (gone.has(run) ? asDeleted(run) : (seen.get(run.id) ?? run)));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      parts.warn?.(`runs of the Prefect server are as they were last seen: ${error.message}`);
      return runs;
    }
  };
  return {
    ...local,
    createRun: async (request) => {
      const prefect = await open();
      if (!prefect) return local.createRun(request);
      const answer = await prefect.createRun(request);
      made.add(answer.run.id);
      return answer;
    },
    submitRun: async (id, watching) => (await ofServer(id))?.submitRun(id, watching?.onEvent) ?? local.submitRun(id, watching),
    followRun: async (id, following) => (await ofServer(id))?.followRun(id, following) ?? local.followRun(id, following),
    cancelRun: async (id, cancelling) => {
      const prefect = await ofServer(id);
      const record = prefect ? await parts.ledger.read(id) : undefined;
      if (!prefect || (record && (await prefect.readRuns([record.run])).size > 0)) return (prefect ?? local).cancelRun(id, cancelling);
      if (!record) return prefect.cancelRun(id, cancelling);
      // Nobody there can cancel it any more; what it has started may go on.
      parts.warn?.(deletedThere([record.run]));
      return local.cancelRun(id, cancelling);
    },
    planRun: async (request) => {
      const prefect = await open();
      return prefect ? prefect.planRun(request) : local.planRun(request);
    },
    retryRun: async (id) => (await ofServer(id))?.retryRun(id) ?? local.retryRun(id),
    // Others make runs on the server too: its schedules, its pages, another machine. Runs of Prefect Cloud are in no ledger.
    findRun: async (ref) => {
      try {
        return await local.findRun(ref);
      } catch (notHere) {
        const prefect = await open().catch(() => undefined);
        const run = await prefect?.findRun(ref);
        if (!run) throw notHere;
        made.add(run.id);
        return run;
      }
    },
    showRun: async (id) => {
      if (made.has(id) && !(await parts.ledger.read(id))) {
        const prefect = (await open()) as ServerRuns;
        return { ...(await prefect.show(await prefect.readRun(id))), submission: null };
      }
      const shown = await local.showRun(id);
      const prefect = await ofServer(shown.run.id);
      return prefect ? { ...shown, ...(await prefect.show(shown.run)) } : shown;
    },
    // Prefect shows what the run wrote to the server. If the run never got that far, its output tells why.
    readLogs: async (id, options) => {
      const prefect = await ofServer(id);
      if (!prefect) return local.readLogs(id, options);
      let isEmpty = true;
      const onLine = (line: LogLine, bySubmitter: boolean) => {
        if (!bySubmitter) isEmpty = false;
        options.onLine(line);
      };
      const run = await prefect.readLogs(id, { ...options, onLine });
      const isHere = (await parts.ledger.read(id))?.run.infrastructureId !== undefined;
      return isEmpty && isHere && !options.signal?.aborted ? local.readLogs(id, options) : run;
    },
    listRuns: async (filter) => asOnServer(await local.listRuns(filter)),
    // The server may know of an end and the ledger not: the dispatcher was stopped, or another one reported it.
    inFlight: async () => (await asOnServer(await local.inFlight())).filter(({ state }) => !isTerminal(state)),
    observeRuns: async (runs) => {
      const there = runs.filter(({ id }) => made.has(id));
      const prefect = there.length > 0 ? await open() : undefined;
      const seen = prefect ? await Promise.all(there.map(({ id }) => prefect.readRun(id))) : [];
      return [...seen, ...(await local.observeRuns(runs.filter(({ id }) => !made.has(id))))];
    },
  };
}

/** A run that the server has no more has no state there: nobody goes on with it. */
function asDeleted(run: FlowRun): FlowRun {
  if (isTerminal(run.state)) return run;
  const { timestamp } = run.state;
  return { ...run, state: { type: "CRASHED", name: "Deleted", message: "it was deleted from the Prefect server", timestamp } };
}

function deletedThere(runs: readonly FlowRun[]): string {
  const names = few(runs.map(({ id, name }) => `${oneLine(name)} (${id})`));
  return `${names}: deleted from the Prefect server, so no longer in flight. What it has started is stopped by \`pushpool cancel\` only`;
}

async function openServerRuns(parts: RunsParts): Promise<ServerRuns | undefined> {
  const loaded = await parts.readManifest();
  if (!loaded.manifest.prefect) return undefined;
  const [{ openServer }, { ServerRuns }] = await Promise.all([
    import("../serverRuns/openServer.js"),
    import("../serverRuns/serverRuns.js"),
  ]);
  return new ServerRuns(await openServer(loaded, parts));
}
