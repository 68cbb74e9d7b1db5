import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal } from "../model/run";
import { readRunDetail } from "./runById";
import type { EventSink } from "./serverSentEvents";
import type { Ui } from "./ui";
import type { RunDetail } from "./wire";

/** How often to look at the ledger, and at a Prefect server, in milliseconds. */
const LOOK = 400;
const ASK = 2_000;

/** Send a page each change in one run, until the run has ended or the page is closed. */
export async function sendRunEvents(ui: Ui, first: RunDetail, sink: EventSink): Promise<void> {
  const { id } = first;
  let told = first;
  let noticeTold: string | undefined;
  let observedAt = 0;
  let wake = new AbortController();
  const unlisten = ui.follower.listen(id, () => wake.abort());
  sink.send("run", first);
  try {
    while (!sink.signal.aborted) {
      const notice = ui.follower.notice(id);
      if (notice !== undefined && notice !== noticeTold) sink.send("notice", { text: notice });
      noticeTold = notice;
      if (isTerminal(told.state)) {
        sink.send("end", {});
        return;
      }
      await sleep(told.on === "server" ? ASK : LOOK, undefined, { signal: AbortSignal.any([sink.signal, wake.signal]) }).catch(() => {});
      wake = new AbortController();
      if (sink.signal.aborted) return;
      if (told.on === "ledger" && Date.now() - observedAt > ASK) {
        observedAt = Date.now();
        await ui.observe([id]).catch(() => {});
      }
      const isSame = told.on === "ledger" && ui.follower.waitingFor(id) === undefined && (await ui.stack.ledger.isAt(id, told.version));
      if (isSame) continue;
      const now = await readRunDetail(ui, id);
      if (JSON.stringify(now) === JSON.stringify(told)) continue;
      told = now;
      sink.send("run", now);
      await sink.ready();
    }
  } finally {
    unlisten();
  }
}
