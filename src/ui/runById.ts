import type { Run } from "../model/run";
import { UserError } from "../userError";
import { Refused } from "./problem";
import { readDetail } from "./runDetail";
import { readServerDetail } from "./serverDetail";
import type { Ui } from "./ui";
import type { RunDetail } from "./wire";

/**
 * A run by its full id: of the ledger, of any stack; else of the Prefect server.
 * @throws {Refused} if there is none
 */
export async function runById(ui: Ui, id: string): Promise<Run> {
  const kept = await ui.stack.ledger.read(id);
  if (kept) return kept.run;
  const found = await onServer(ui, id);
  if (!found) throw new Refused(404, `there is no run ${JSON.stringify(id.slice(0, 100))}`);
  return found;
}

/**
 * All of one run.
 * @throws {Refused} if there is none
 */
export async function readRunDetail(ui: Ui, id: string): Promise<RunDetail> {
  const detail = await readDetail(ui, id);
  if (detail?.on === "ledger") return detail;
  return readServerDetail(ui, detail ?? (await runById(ui, id)));
}

/** Only whole ids: a name or a prefix is for people. */
async function onServer(ui: Ui, id: string): Promise<Run | undefined> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return undefined;
  const loaded = await ui.stack.manifest().catch(() => undefined);
  if (loaded?.manifest.prefect === undefined) return undefined;
  try {
    return await (await ui.stack.runs()).findRun(id);
  } catch (error) {
    if (error instanceof UserError && error.exitCode === 2) return undefined;
    throw error;
  }
}
