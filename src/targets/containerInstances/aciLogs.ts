import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { textOfReply } from "../cloud/failure";
import type { LogReader } from "../cloud/logPosition";
import { jsonNote } from "../cloud/notes";
import type { InfrastructureId, LogLine, Observation, SharedNotes } from "../target";
import type { AciApi } from "./aciApi";
import { runNote } from "./aciNotes";
import type { Watcher } from "./aciWatcher";
import { asFailure } from "./azureFailures";
import { remedy } from "./azurePermissions";
import { parseId } from "./groupNames";
import { type Asked, added, filled, PAGE, queryOf, type Row } from "./logAnalytics";
import { type Entry, LogJournal, type Place } from "./logJournal";
import { type Line, tailOf } from "./logTail";

/** Reads at a time. */
const AT_A_TIME = 4;
/** How many lines one look reads first. If they do not follow the known lines, it reads everything that Azure has. */
const LOOK = 2_000;
/** How often to copy the log of a run that nobody reads, in milliseconds: Azure has only its last 4 MB, and 16 KB after its end. */
const KEEP_EVERY = 15_000;
/** For how long the log of a run that has ended can be read, in milliseconds: 30 days. */
const KEPT = 30 * 86_400_000;
/** How many logs are removed at a time. */
const PRUNED_AT_A_TIME = 200;

/** Lines on each side of a gap by which its lines are found in Log Analytics, and the most rows that are read for it. */
const NEIGHBOURS = 10;
const MAX_ROWS = 100_000;
/** How late Log Analytics may be (https://learn.microsoft.com/azure/container-instances/container-instances-log-analytics), in milliseconds. */
const INGESTED = 600_000;
const LOST = "lines are missing here: Azure stores 4 MB of a container's output while it runs, 16 KB after its end";
/** How long a refusal of a workspace counts for other gaps, in milliseconds. */
const REFUSED_FOR = 30_000;
const YOUNG_ROLE = "If the role is new, that may take ten minutes: read the log again later with `pushpool logs`";
const LATER = "That may take ten minutes: read the log again later with `pushpool logs`";

/** Reads the logs of a pool's runs, and stores them. */
export interface AciLogs extends LogReader {
  /** Store what Azure has. */
  pull(id: InfrastructureId, signal?: AbortSignal): Promise<void>;
  /** The same for a running run, but not more often than every {@link KEEP_EVERY}. */
  keep(id: InfrastructureId, signal?: AbortSignal): Promise<void>;
  /** Store the last lines of a run that has ended: its group may then be deleted. */
  drain(id: InfrastructureId, end: Observation & { phase: "ended" }, signal?: AbortSignal): Promise<void>;
  /** Remove the logs of runs that ended {@link KEPT} ago. @returns whether more may be left */
  prune(): Promise<boolean>;
}

/** @param late how long a container may still write after Azure reports that it was stopped, in milliseconds */
export function openLogs({ api, notes, watcher, late }: { api: AciApi; notes: SharedNotes; watcher: Watcher; late: number }): AciLogs {
  const limit = pLimit(AT_A_TIME);
  const journal = new LogJournal(notes);
  const pulledAt = new Map<InfrastructureId, number>();
  /** Workspaces that gave no lines lately: each gap would wait for the same refusal. */
  const refused = new Map<string, { error: Error; until: number }>();
  const drainedNote = (id: InfrastructureId) => jsonNote<boolean>(notes, `aci/drained/${id}`);

  async function containerOf(id: InfrastructureId): Promise<string> {
    return (await runNote(notes, id).value())?.container ?? parseId(id).group;
  }

  /** @returns whether there was a log */
  async function pullOnce(id: InfrastructureId, ended: boolean, signal?: AbortSignal): Promise<boolean> {
    pulledAt.set(id, Date.now());
    const name = parseId(id);
    const container = await containerOf(id);
    const look = !ended && !(await journal.isEmpty(id));
    const content = await limit(() => api.log(name, container, { tail: look ? LOOK : undefined, signal }));
    if (content === undefined) return false;
    if (await journal.add(id, tailOf(content, ended), !look)) return true;
    const whole = await limit(() => api.log(name, container, { signal }));
    if (whole !== undefined) await journal.add(id, tailOf(whole, ended), true);
    return true;
  }

  async function drain(
    id: InfrastructureId,
    { outcome, startedAt, endedAt }: Observation & { phase: "ended" },
    signal?: AbortSignal,
  ): Promise<boolean> {
    if (await drainedNote(id).value()) return true;
    const stopped = outcome.kind === "cancelled" || outcome.kind === "timedOut";
    const wait = stopped && startedAt !== undefined ? Date.parse(endedAt) + late - Date.now() : 0;
    if (wait > 0) return false;
    const found = await pullOnce(id, true, signal);
    // Started, and its group is gone: nobody has read the end of its log.
    if (!found && startedAt !== undefined && (await drainedNote(id).create(true))) await journal.addGap(id, endedAt);
    else await drainedNote(id).create(true);
    await journal.close(id, endedAt);
    return true;
  }

  /** Lines that Azure no longer has, from Log Analytics if the run's output is also there. A line at the gap says what is missing. */
  async function missing(id: InfrastructureId, place: Place, gapAt: string, signal?: AbortSignal): Promise<LogLine[]> {
    const { workspace, container, at: sentAt } = (await runNote(notes, id).value()) ?? {};
    const { before, after } = await journal.around(id, place, NEIGHBOURS);
    const at = iso(after[0]?.[0] ?? before.at(-1)?.[0] ?? gapAt);
    const said = (text: string): LogLine => ({ at, stream: "stderr", severity: "WARNING", text: `[pushpool] ${text}` });
    if (workspace === undefined || container === undefined) return [said(LOST)];
    const time = (line: Line | undefined) => (line === undefined ? undefined : Date.parse(line[0]));
    const asked = { group: parseId(id).group, container, after: time(before.at(-1)) ?? sentAt, before: time(after[0]) };
    try {
      const { rows, isWhole } = await rowsOf(workspace, asked, signal);
      const { lines, meetsBefore, meetsAfter } = filled(rows, before, after);
      // They may be under way.
      const isNew = Date.parse(at) > Date.now() - INGESTED;
      if (lines.length === 0 && !(meetsBefore && meetsAfter))
        return [said(`${LOST}, and Log Analytics ${isNew ? `does not have them yet. ${LATER}` : "has none of them"}`)];
      const found = lines.map((row): LogLine => ({ at: iso(row.at), stream: "stdout", text: row.text }));
      if (!meetsBefore) found.unshift(said("lines may be missing here, or come twice: Log Analytics does not show where its lines begin"));
      if (!isWhole)
        found.push(said(`lines are missing here: pushpool reads ${MAX_ROWS} from Log Analytics, and workspace ${workspace} has more`));
      else if (after.length > 0 && !meetsAfter)
        found.push(
          said(
            isNew
              ? `lines are missing here: Log Analytics does not have them yet. ${LATER}`
              : `${LOST}, and Log Analytics does not have them either`,
          ),
        );
      else if (after.length === 0 && isNew)
        found.push(said(`lines may be missing here: Log Analytics may not have all of them yet. ${LATER}`));
      return found;
    } catch (error) {
      signal?.throwIfAborted();
      const failure = asFailure(error);
      refused.set(workspace, { error: failure, until: Date.now() + REFUSED_FOR });
      const why = textOfReply(failure.message);
      const later = failure.kind === "denied" || failure.kind === "unauthenticated" ? `. ${YOUNG_ROLE}` : "";
      return [said(`${LOST}, and Log Analytics does not give them: ${why}${remedy(why)}${later}`)];
    }
  }

  async function rowsOf(workspace: string, asked: Asked, signal?: AbortSignal): Promise<{ rows: Row[]; isWhole: boolean }> {
    const { error, until = 0 } = refused.get(workspace) ?? {};
    if (Date.now() < until) throw error;
    const rows: Row[] = [];
    for (;;) {
      const page = (await api.query(workspace, queryOf({ ...asked, from: rows.at(-1)?.at }), signal)).map(
        ({ TimeGenerated, Message }): Row => ({ at: String(TimeGenerated), text: String(Message ?? "").replace(/\r$/, "") }),
      );
      const fresh = added(rows, page);
      rows.push(...fresh);
      if (page.length < PAGE) return { rows, isWhole: true };
      if (rows.length >= MAX_ROWS || fresh.length === 0) return { rows, isWhole: false };
    }
  }

  async function linesOf(id: InfrastructureId, entries: Entry[], { part, entry }: Place, signal?: AbortSignal): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    for (const [index, [at, text]] of entries.entries()) {
      if (text !== null) lines.push({ at: iso(at), stream: "stdout", text });
      else lines.push(...(await missing(id, { part, entry: entry + index }, at, signal)));
    }
    return lines;
  }

  return {
    pull: async (id, signal) => void (await pullOnce(id, false, signal)),
    async keep(id, signal) {
      if (Date.now() >= (pulledAt.get(id) ?? 0) + KEEP_EVERY) await pullOnce(id, false, signal);
    },
    async drain(id, end, signal) {
      while (!(await drain(id, end, signal))) await sleep(Math.min(late, 250), undefined, signal ? { signal } : {});
    },
    prune: () => journal.prune(new Date(Date.now() - KEPT).toISOString(), PRUNED_AT_A_TIME),
    async page(id, cursor, signal) {
      // Looked at before the log is: what is written later than an end is not of the run.
      const seen = (await watcher.observe([id], signal)).get(id) as Observation;
      const drained = seen.phase === "ended" && (await drain(id, seen, signal));
      if (!drained && seen.phase !== "pending") await pullOnce(id, seen.phase === "ended", signal);
      const place = cursor === undefined || cursor === "" ? { part: 0, entry: 0 } : (JSON.parse(cursor) as Place);
      const { entries, next, more } = await journal.read(id, place);
      return { lines: await linesOf(id, entries, place, signal), cursor: JSON.stringify(next), complete: drained && !more };
    },
  };
}

/** Azure writes more digits than a `Date` has. */
function iso(at: string): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at : time.toISOString();
}
