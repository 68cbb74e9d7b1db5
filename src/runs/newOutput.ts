import type { InfrastructureId, LogPage, Target } from "../targets/target";

/**
 * What a run has printed after a cursor, page after page.
 *
 * A target bounds its pages. A page without lines may still have read on: its cursor tells. So the last page is one without lines whose cursor is
 * the one before.
 * @param cursor @default from the start
 */
export async function* newOutput(target: Pick<Target, "logs">, id: InfrastructureId, cursor?: string): AsyncGenerator<LogPage> {
  for (let before = cursor; ; ) {
    const page = await target.logs(id, before);
    yield page;
    if (page.complete || (page.lines.length === 0 && page.cursor === before)) return;
    before = page.cursor;
  }
}
