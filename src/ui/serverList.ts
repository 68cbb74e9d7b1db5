import { validate as isUuid } from "uuid";
import type { JsonObject } from "../json";
import type { Ledger } from "../ledger";
import type { Run, StateType } from "../model/run";
import { deploymentNames } from "../prefect/api/deployments";
import { countFlowRuns, filterFlowRuns, flowRunHistory, readFlowRun, type ServerRun } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";
import { shownRun } from "../serverRuns/followOnServer";
import { quoted } from "../shown";
import { UserError } from "../userError";
import type { RunList } from "./runList";
import { rowOf } from "./runRow";
import type { RunRow, RunsFilter, StripBucket } from "./wire";

/** How often pages may ask the server what has changed, in milliseconds. */
const ASK = 2_000;
/** So far ahead of this machine's clock a run may be that is due now, in milliseconds. */
const AHEAD = 5_000;

export interface ServerListParts {
  client: Client;
  ledger: Ledger;
  /** `<project>/<stack>` */
  stack: string;
  prefectUrl: (id: string) => string | undefined;
}

/**
 * The runs of a Prefect server, whoever created them, in the order of their expected start. Runs that its schedules will create later are
 * left out, unless someone asks for SCHEDULED ones.
 */
export class ServerList implements RunList {
  readonly unreachable = null;
  readonly pace = ASK;
  readonly #names = new Map<string, string>();
  #askedAt = 0;

  constructor(private readonly parts: ServerListParts) {}

  async page(filter: RunsFilter, { offset, limit, upTo }: { offset: number; limit: number; upTo?: string }) {
    const { client } = this.parts;
    const before = upTo === undefined ? undefined : await this.#startOf(upTo);
    const query = filterOf(filter, before === undefined ? {} : { before });
    const [runs, total] = await Promise.all([
      filterFlowRuns(client, { ...query, sort: "EXPECTED_START_TIME_DESC", offset, limit }),
      countFlowRuns(client, query),
    ]);
    return { runs: await this.#rows(runs), total, upTo: upTo ?? (offset === 0 ? runs[0]?.id : undefined) ?? null };
  }

  async newer(filter: RunsFilter, newest: string | null, limit: number) {
    const { client } = this.parts;
    const after = newest === null ? undefined : await this.#startOf(newest);
    const query = filterOf(filter, after === undefined ? {} : { after });
    const found = await filterFlowRuns(client, { ...query, sort: "EXPECTED_START_TIME_DESC", limit });
    // The server returns the newest one itself too.
    const at = found.findIndex(({ id }) => id === newest);
    const runs = await this.#rows(at < 0 ? found : found.slice(0, at));
    return { runs, total: runs.length > 0 ? await countFlowRuns(client, filterOf(filter, {})) : 0 };
  }

  async changed(known: ReadonlyMap<string, RunRow | undefined>): Promise<Map<string, RunRow>> {
    const ids = [...known.keys()].filter((id) => isUuid(id));
    if (ids.length === 0 || Date.now() - this.#askedAt < ASK) return new Map();
    this.#askedAt = Date.now();
    const rows: RunRow[] = [];
    for (let from = 0; from < ids.length; from += 200) {
      const query = { flow_runs: { id: { any_: ids.slice(from, from + 200) } }, limit: 200 };
      rows.push(...(await this.#rows(await filterFlowRuns(this.parts.client, query))));
    }
    return new Map(rows.map((row) => [row.id, row]));
  }

  async has(id: string): Promise<boolean> {
    return isUuid(id) && (await readFlowRun(this.parts.client, id)) !== undefined;
  }

  async strip(filter: RunsFilter, { from, to, bucketSeconds }: { from: Date; to: Date; bucketSeconds: number }): Promise<StripBucket[]> {
    const history = await flowRunHistory(this.parts.client, { from, to, bucketSeconds, filter: filterOf(filter, {}) });
    return history.map(({ interval_start, states }) => {
      const counts: Partial<Record<StateType, number>> = {};
      for (const { state_type, count_runs } of states) counts[state_type] = (counts[state_type] ?? 0) + count_runs;
      return { at: interval_start, counts };
    });
  }

  async #startOf(id: string): Promise<string> {
    const run = isUuid(id) ? await readFlowRun(this.parts.client, id) : undefined;
    if (!run)
      throw new UserError(`there is no run ${quoted(id)} on the Prefect server`, 2, {
        fields: [{ path: "/upTo", message: "is not a run of this list" }],
      });
    return run.expected_start_time ?? run.created;
  }

  async #rows(runs: readonly ServerRun[]): Promise<RunRow[]> {
    const { client, ledger, stack, prefectUrl } = this.parts;
    const unknown = [...new Set(runs.flatMap(({ deployment_id }) => deployment_id ?? []))].filter((id) => !this.#names.has(id));
    for (const [id, name] of await deploymentNames(client, unknown)) this.#names.set(id, name);
    const kept = new Map((await ledger.summaries(runs.map(({ id }) => id))).map((run) => [run.id, run]));
    return runs.map((run) => {
      const own = kept.get(run.id);
      const deployment = own?.deployment ?? this.#names.get(run.deployment_id ?? "") ?? "";
      const shown: Run = shownRun(run, { deployment, stack: own?.stack ?? stack, workPool: own?.workPool ?? run.work_pool_name ?? "" });
      return {
        ...rowOf(shown, "server", prefectUrl(run.id)),
        // The server numbers no versions. The time of its last change grows as well.
        version: Date.parse(run.updated ?? shown.state.timestamp),
        ...(own === undefined ? {} : { attempt: own.attempt }),
        ...(own?.outcome === undefined ? {} : { outcome: own.outcome }),
      };
    });
  }
}

/** A filter in the words of Prefect's API. */
function filterOf(
  { state, deployment, pool, tag, since, until, text }: RunsFilter,
  { before, after }: { before?: string; after?: string },
): JsonObject {
  const [flow, name] = deployment?.split("/") ?? [];
  const soon = state?.includes("SCHEDULED") ? undefined : new Date(Date.now() + AHEAD).toISOString();
  const ends = [before, until, soon].filter((time) => time !== undefined).sort();
  const starts = [after, since].filter((time) => time !== undefined).sort();
  return {
    flow_runs: {
      ...(state === undefined ? {} : { state: { type: { any_: state } } }),
      ...(tag === undefined ? {} : { tags: { all_: [tag] } }),
      ...(text === undefined ? {} : { name: { like_: text } }),
      expected_start_time: {
        ...(ends[0] === undefined ? {} : { before_: ends[0] }),
        ...(starts.at(-1) === undefined ? {} : { after_: starts.at(-1) as string }),
      },
    },
    ...(flow === undefined ? {} : { flows: { name: { any_: [flow] } } }),
    ...(name === undefined ? {} : { deployments: { name: { any_: [name] } } }),
    ...(pool === undefined ? {} : { work_pools: { name: { any_: [pool] } } }),
  };
}
