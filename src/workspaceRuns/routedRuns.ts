import { isTerminal, type Run } from "../model/run";
import type { Created, RunRequest, Runs, RunsParts } from "../runs";
import { NotOnServer } from "../serverRuns/notOnServer";
import type { ServerRuns } from "../serverRuns/serverRuns";
import type { LogLine } from "../targets/target";
import { UserError } from "../userError";

/**
 * The runs of a workspace. If its manifest names a Prefect API, runs are created, followed and cancelled on that server, else in the
 * ledger. A workspace without a Prefect API loads no code for one.
 *
 * @param local the runs of the ledger
 */
export function routedRuns(local: Runs, parts: RunsParts): Runs {
  let opened: Promise<ServerRuns | undefined> | undefined;
  let hasNone = false;
  const open = () => {
    opened ??= openServerRuns(parts).then((server) => {
      hasNone = server === undefined;
      return server;
    });
    return opened;
  };
  /** The server's runs that this process has created or found. They need not be in the ledger. */
  const made = new Set<string>();
  const ofServer = async (id: string): Promise<ServerRuns | undefined> => {
    if (hasNone) return undefined;
    if (made.has(id)) return open();
    const record = await parts.ledger.read(id);
    return record?.submission.prefect === undefined ? undefined : open();
  };
  /**
   * The server owns the states of its runs. If it is unreachable, show the runs as this ledger last saw them.
   * @returns the runs, and those of this stack that are missing on the server and may not have ended
   */
  const asOnServer = async (runs: Run[]): Promise<{ runs: Run[]; missing: Run[] }> => {
    const records = await Promise.all(runs.map(({ id }) => parts.ledger.read(id)));
    const theirs = runs.filter((_, index) => records[index]?.submission.prefect !== undefined);
    if (theirs.length === 0) return { runs, missing: [] };
    try {
      const prefect = await open();
      if (!prefect) return { runs, missing: [] };
      const { stack } = await parts.readManifest();
      const seen = await prefect.readRuns(theirs);
      const missing: Run[] = [];
      for (const run of theirs) {
        // Another stack may have another server.
        if (seen.has(run.id) || isTerminal(run.state) || run.stack !== stack) continue;
        // A server may return only a part of a list.
        const there = await prefect.readRun(run.id).catch(unlessNotOnServer);
        if (there) seen.set(run.id, there);
        else missing.push(run);
      }
      for (const { id } of missing) parts.warn?.(new NotOnServer(id).message);
      return { runs: runs.map((run) => seen.get(run.id) ?? run), missing };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      parts.warn?.(`runs of the Prefect server are as they were last seen: ${error.message}`);
      return { runs, missing: [] };
    }
  };
  const createOn = async (prefect: ServerRuns, request: RunRequest): Promise<Created> => {
    const answer = await prefect.createRun(request);
    made.add(answer.run.id);
    return answer;
  };
  return {
    ...local,
    createRun: async (request) => {
      const prefect = await open();
      return prefect ? createOn(prefect, request) : local.createRun(request);
    },
    startRun: async (request, starting) => {
      const prefect = await open();
      if (!prefect) return local.startRun(request, starting);
      const answer = await createOn(prefect, request);
      starting?.onRecorded?.(answer);
      return prefect.submitRun(answer.run.id, starting?.onEvent);
    },
    submitRun: async (id, watching) => (await ofServer(id))?.submitRun(id, watching?.onEvent) ?? local.submitRun(id, watching),
    followRun: async (id, following) => {
      const prefect = await ofServer(id);
      if (!prefect) return local.followRun(id, following);
      try {
        return await prefect.followRun(id, following);
      } catch (error) {
        // `cancelRun` stops such a run here, so its end is in the ledger.
        const kept = error instanceof NotOnServer ? (await parts.ledger.read(id))?.run.state : undefined;
        if (!kept || (kept.type !== "CANCELLING" && !isTerminal(kept))) throw error;
        return local.followRun(id, following);
      }
    },
    cancelRun: async (id, cancelling) => {
      const prefect = await ofServer(id);
      if (!prefect) return local.cancelRun(id, cancelling);
      try {
        return await prefect.cancelRun(id, cancelling);
      } catch (error) {
        if (!(error instanceof NotOnServer) || !(await parts.ledger.read(id))) throw error;
        parts.warn?.(`flow run ${id} is not on the Prefect server: only its infrastructure is stopped`);
        return local.cancelRun(id, cancelling);
      }
    },
    checkCancel: async (id) => {
      if (!(await ofServer(id))) await local.checkCancel(id);
    },
    planRun: async (request) => {
      const prefect = await open();
      return prefect ? prefect.planRun(request) : local.planRun(request);
    },
    retryRun: async (id) => (await ofServer(id))?.retryRun(id) ?? local.retryRun(id),
    // Others create runs on the server too: its schedules, its pages, another machine. Runs of Prefect Cloud are in no ledger.
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
    // Prefect shows what the run wrote to the server. If it never got that far, its output shows why.
    readLogs: async (id, options) => {
      const prefect = await ofServer(id);
      if (!prefect) return local.readLogs(id, options);
      let isEmpty = true;
      const onLine = (line: LogLine, bySubmitter: boolean) => {
        if (!bySubmitter) isEmpty = false;
        options.onLine(line);
      };
      const run = await prefect.readLogs(id, { ...options, onLine }).catch(unlessNotOnServer);
      const isHere = (await parts.ledger.read(id))?.run.infrastructureId !== undefined;
      if (isEmpty && isHere && !options.signal?.aborted) return local.readLogs(id, options);
      if (!run) throw new NotOnServer(id);
      return run;
    },
    listRuns: async (filter) => (await asOnServer(await local.listRuns(filter))).runs,
    // The server may have an end that the ledger lacks: the dispatcher was stopped, or another one reported it.
    inFlight: async () => {
      const { runs, missing } = await asOnServer(await local.inFlight());
      // A run that the server no longer has continues as long as its infrastructure does.
      const going = new Set((await local.notSeenToEnd(missing)).map(({ id }) => id));
      const ended = new Set(missing.filter(({ id }) => !going.has(id)));
      return runs.filter((run) => !isTerminal(run.state) && !ended.has(run));
    },
    observeRuns: async (runs) => {
      const there = runs.filter(({ id }) => made.has(id));
      const prefect = there.length > 0 ? await open() : undefined;
      const seen = prefect ? await Promise.all(there.map(({ id }) => prefect.readRun(id))) : [];
      return [...seen, ...(await local.observeRuns(runs.filter(({ id }) => !made.has(id))))];
    },
  };
}

function unlessNotOnServer(error: unknown): undefined {
  if (!(error instanceof NotOnServer)) throw error;
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
