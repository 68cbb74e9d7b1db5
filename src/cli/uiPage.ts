import { version } from "../../package.json";
import { ownRoot } from "../origin";
import type { RunsParts } from "../runs";
import { type OpenedUi, openUi, pageFolder } from "../ui/openUi";
import { ShownStack } from "../ui/shownStack";
import { runsOf } from "../workspaceRuns";

/**
 * Serve the run page over these parts.
 * @param port see `openUi`
 */
export function openPage(
  parts: RunsParts,
  ledgerPlace: string,
  port: number | undefined,
  onBug: (error: unknown) => void,
): Promise<OpenedUi> {
  const stack = new ShownStack({ parts, openRuns: runsOf, ledgerPlace });
  return openUi({ stack, version, env: parts.env, folder: pageFolder(ownRoot()), onBug, ...(port === undefined ? {} : { port }) });
}
