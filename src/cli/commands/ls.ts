import { formatDuration } from "../../duration";
import { suggestion } from "../../nearest";
import { type StateType, TERMINAL } from "../../runs";
import { quoted } from "../../shown";
import { UserError } from "../../userError";
import type { GlobalOptions } from "../globalOptions";
import { refuseUnknownNames } from "../knownNames";
import { note, print, printJson, stateText, table, taken } from "../screen";
import { withRecorded } from "../session";

interface LsFlags extends GlobalOptions {
  limit: string;
  state?: string[];
  deployment?: string;
  pool?: string;
  allStacks?: boolean;
}

/** The largest limit. No ledger was measured with more runs. */
const MAX_LIMIT = 1_000_000;

const STATES: readonly StateType[] = ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING", "PAUSED", ...TERMINAL];

/** `pushpool ls` */
export async function action(_: string[], flags: LsFlags): Promise<void> {
  const limit = Number(flags.limit);
  if (!/^\d+$/.test(flags.limit) || limit < 1 || limit > MAX_LIMIT)
    throw new UserError(`--limit ${quoted(flags.limit)}: must be a whole number between 1 and ${MAX_LIMIT}`);
  const states = flags.state?.map(stateOf);
  const { deployment, pool, allStacks } = flags;
  await withRecorded(flags, async (runs, workspace) => {
    const { stack } = workspace;
    const listed = await runs?.listRuns({
      limit,
      ...(states ? { states } : {}),
      ...(deployment === undefined ? {} : { deployment }),
      ...(pool === undefined ? {} : { pool }),
      ...(allStacks ? { allStacks } : {}),
    });
    // Looking at them may have shown the end of some.
    const found = listed?.filter(({ state }) => !states || states.includes(state.type)) ?? [];
    if (found.length === 0) await refuseUnknownNames(workspace, flags);
    const only = allStacks ? undefined : stack;
    if (flags.json) return printJson({ stack: only?.id ?? null, runs: found });
    if (found.length === 0) return note(`no flow runs${narrowed(flags, states)} in ${only ? `stack ${only.id}` : "any stack"}`);
    note(`flow runs in ${only ? `stack ${only.id}` : "all stacks"}`);
    const now = Date.now();
    const hosts = found.map((run) => runs?.elsewhere(run) ?? "");
    const isElsewhere = hosts.some((host) => host !== "");
    const isOnSeveral = new Set(found.map(({ workPool }) => workPool)).size > 1;
    print(
      table(
        [
          "NAME",
          ...(only ? [] : ["STACK"]),
          "DEPLOYMENT",
          ...(isOnSeveral ? ["POOL"] : []),
          "STATE",
          "AGE",
          "TOOK",
          ...(isElsewhere ? ["HOST"] : []),
          "ID",
        ],
        found.map((run, index) => {
          const time = taken(run, now);
          return [
            run.name,
            ...(only ? [] : [run.stack]),
            run.deployment,
            ...(isOnSeveral ? [run.workPool] : []),
            stateText(run.state),
            formatDuration(now - Date.parse(run.createdAt)),
            time === undefined ? "" : formatDuration(time),
            ...(isElsewhere ? [hosts[index] ?? ""] : []),
            run.id,
          ];
        }),
      ),
    );
  });
}

/** Describe the filters, as the end of a sentence. */
function narrowed({ pool, deployment }: LsFlags, states: readonly StateType[] | undefined): string {
  return [
    deployment === undefined ? "" : ` of deployment "${deployment}"`,
    pool === undefined ? "" : ` on work pool "${pool}"`,
    states ? ` in state ${states.join(" or ")}` : "",
  ].join("");
}

function stateOf(name: string): StateType {
  const found = STATES.find((type) => type === name.toUpperCase());
  if (!found) throw new UserError(`--state ${quoted(name)}: is not a state type: ${suggestion(name.toUpperCase(), STATES)}`);
  return found;
}
