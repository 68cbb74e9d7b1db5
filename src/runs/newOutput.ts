import type { InfrastructureId, LogPage, Target } from "../targets/target";

/**
 * A run's output after a cursor, page by page.
 *
 * A target limits the size of its pages. A page without lines may still have moved its cursor. The last page therefore has no lines and the
 * same cursor as the one before.
 * @param cursor @default from the start
 */
export async function* newOutput(
  target: Pick<Target, "logs">,
  id: InfrastructureId,
  cursor?: string,
  signal?: AbortSignal,
): AsyncGenerator<LogPage> {
  for (let before = cursor; ; ) {
    const page = await target.logs(id, before, signal);
    yield page;
    if (page.complete || (page.lines.length === 0 && page.cursor === before)) return;
    before = page.cursor;
  }
}
