import pLimit from "p-limit";
import { oneLine } from "../cloud/failure";
import type { LogReader } from "../cloud/logPosition";
import { jsonNote } from "../cloud/notes";
import type { InfrastructureId, LogLine, Observation, SharedNotes } from "../target";
import type { AciApi } from "./aciApi";
import { runNote } from "./aciNotes";
import type { Watcher } from "./aciWatcher";
import { asFailure } from "./azureFailures";
import { parseId } from "./groupNames";
import { type Entry, LogJournal, type Place } from "./logJournal";
import { tailOf } from "./logTail";

/** Reads at a time. */
const AT_A_TIME = 4;
/** Lines that one look reads first. Where they do not meet what is known, it reads all that Azure keeps. */
const LOOK = 2_000;
/** How often the log of a run is taken down that nobody reads, in milliseconds: Azure keeps 4 MB of it, and 16 KB after its end. */
const KEEP_EVERY = 15_000;

/** Reads the logs of a pool's runs, and keeps them. */
export interface AciLogs extends LogReader {
  /** Take down what Azure has. */
  pull(id: InfrastructureId): Promise<void>;
  /** The same for a run that goes on, every now and then. */
  keep(id: InfrastructureId): Promise<void>;
  /** Take down the last lines of a run that has ended: its group may go then. */
  drain(id: InfrastructureId, end: Observation & { phase: "ended" }): Promise<void>;
}

/** @param late for how long a container may still write after Azure says that it was stopped, in milliseconds */
export function openLogs({ api, notes, watcher, late }: { api: AciApi; notes: SharedNotes; watcher: Watcher; late: number }): AciLogs {
  const limit = pLimit(AT_A_TIME);
  const journal = new LogJournal(notes);
  const pulledAt = new Map<InfrastructureId, number>();
  const drainedNote = (id: InfrastructureId) => jsonNote<boolean>(notes, `aci/drained/${id}`);

  async function containerOf(id: InfrastructureId): Promise<string> {
    return (await runNote(notes, id).value())?.container ?? parseId(id).group;
  }

  /** @returns whether there was a log */
  async function pullOnce(id: InfrastructureId, ended: boolean): Promise<boolean> {
    pulledAt.set(id, Date.now());
    const name = parseId(id);
    const container = await containerOf(id);
    const look = !ended && !(await journal.isEmpty(id));
    const content = await limit(() => api.log(name, container, look ? LOOK : undefined));
    if (content === undefined) return false;
    if (await journal.add(id, tailOf(content, ended), !look)) return true;
    const whole = await limit(() => api.log(name, container));
    if (whole !== undefined) await journal.add(id, tailOf(whole, ended), true);
    return true;
  }

  async function drain(id: InfrastructureId, { outcome, startedAt, endedAt }: Observation & { phase: "ended" }): Promise<boolean> {
    if (await drainedNote(id).value()) return true;
    const stopped = outcome.kind === "cancelled" || outcome.kind === "timedOut";
    const wait = stopped && startedAt !== undefined ? Date.parse(endedAt) + late - Date.now() : 0;
    if (wait > 0) return false;
    const found = await pullOnce(id, true);
    // Started, and its group is gone: nobody has read the end of its log.
    if (!found && startedAt !== undefined && (await drainedNote(id).create(true))) await journal.addGap(id, endedAt);
    else await drainedNote(id).create(true);
    return true;
  }

  /** Lines that Azure has not kept, from Log Analytics where the run's output went there too. */
  async function missing(id: InfrastructureId, after: string | undefined, before: string | undefined): Promise<LogLine[]> {
    const { workspace, container } = (await runNote(notes, id).value()) ?? {};
    const said = "[pushpool] lines are missing here: Azure keeps 4 MB of a container's output while it runs, 16 KB after its end";
    const note = (why: string): LogLine[] => [
      { at: iso(before ?? after ?? new Date().toISOString()), stream: "stderr", severity: "WARNING", text: `${said}${why}` },
    ];
    if (workspace === undefined || container === undefined) return note("");
    const bound = (operator: string, at: string | undefined) =>
      at === undefined ? "" : ` | where TimeGenerated ${operator} datetime(${iso(at)})`;
    const query = `ContainerInstanceLog_CL | where ContainerGroup_s == "${parseId(id).group}" and ContainerName_s == "${container}"${bound(">", after)}${bound("<", before)} | project TimeGenerated, Message | order by TimeGenerated asc`;
    try {
      const rows = await api.query(workspace, query);
      if (rows.length === 0) return note(", and Log Analytics has none of them (it may take ten minutes)");
      return rows.map(({ TimeGenerated, Message }) => ({ at: iso(String(TimeGenerated)), stream: "stdout", text: String(Message ?? "") }));
    } catch (error) {
      return note(`, and Log Analytics does not give them: ${oneLine(asFailure(error).message)}`);
    }
  }

  async function linesOf(id: InfrastructureId, entries: Entry[], before: Entry | undefined): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    for (const [index, [at, text]] of entries.entries()) {
      if (text !== null) lines.push({ at: iso(at), stream: "stdout", text });
      else lines.push(...(await missing(id, (entries[index - 1] ?? before)?.[0], entries[index + 1] ? at : undefined)));
    }
    return lines;
  }

  return {
    pull: async (id) => void (await pullOnce(id, false)),
    async keep(id) {
      if (Date.now() >= (pulledAt.get(id) ?? 0) + KEEP_EVERY) await pullOnce(id, false);
    },
    async drain(id, end) {
      while (!(await drain(id, end))) await new Promise((done) => setTimeout(done, Math.min(late, 250)));
    },
    async page(id, cursor) {
      // Looked at before the log is: what is written later than an end is not of the run.
      const seen = (await watcher.observe([id])).get(id) as Observation;
      const drained = seen.phase === "ended" && (await drain(id, seen));
      if (!drained && seen.phase !== "pending") await pullOnce(id, seen.phase === "ended");
      const place = cursor === undefined || cursor === "" ? { part: 0, entry: 0 } : (JSON.parse(cursor) as Place);
      const { entries, before, next, more } = await journal.read(id, place);
      return { lines: await linesOf(id, entries, before), cursor: JSON.stringify(next), complete: drained && !more };
    },
  };
}

/** Azure writes more digits than a `Date` has. */
function iso(at: string): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at : time.toISOString();
}
