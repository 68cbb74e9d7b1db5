import { formatDuration } from "../duration";
import type { EngineResult, Op } from "../engine";
import { Redactor } from "../redactor";
import { UserError } from "../userError";
import type { EngineOperation } from "./engines";
import { eventLog } from "./eventLog";
import { interruptible } from "./interruption";
import { outputLine } from "./outputLine";
import { PlanView } from "./planView";
import { note, print, printJson } from "./screen";

const WORDS: Partial<Record<Op, { done: string; planned: string }>> = {
  create: { done: "created", planned: "to create" },
  update: { done: "updated", planned: "to update" },
  delete: { done: "deleted", planned: "to delete" },
  replace: { done: "replaced", planned: "to replace" },
  same: { done: "unchanged", planned: "unchanged" },
};

/** Run an operation with the offline engine and show it: the changes, a summary and the outputs; or as JSON, its events and its result. */
export async function runOffline(
  { workspace, project, stack, asked }: EngineOperation,
  verb: "preview" | "up" | "refresh" | "destroy",
  json = false,
): Promise<EngineResult> {
  const { replace, refresh, ...selection } = asked;
  if (replace.length > 0 && verb !== "up" && verb !== "preview")
    throw new UserError(`--replace: \`${verb}\` does not replace resources. Leave it out`);
  if (refresh && verb === "refresh") throw new UserError("--refresh: `refresh` does only that. Leave it out");
  const engine = await import("../engine/index.js");
  const { home, stateHome, env } = workspace;
  const lost = `the unfinished steps are recorded in the state of stack ${project.name}/${stack}; the next \`pushpool up\` or \`refresh\` reports them`;
  const view = new PlanView({ preview: verb === "preview" });
  const redactor = new Redactor();
  const log = json ? eventLog(redactor) : undefined;
  const result = await interruptible({ quiet: json, lost }, (signal) =>
    engine[verb]({
      projectDir: project.dir,
      stack,
      home,
      stateHome,
      env,
      signal,
      replace,
      refresh,
      selection,
      redactor,
      onEvent: (event) => (log ?? view).hear(event),
    }),
  ).finally(() => log?.end());
  const { steps: _, ...summary } = result;
  if (json) printJson({ result: summary });
  else summarize(result, verb);
  return result;
}

function summarize({ changes, outputs, unchanged, durationMs }: EngineResult, verb: string): void {
  const tense = verb === "preview" ? "planned" : "done";
  const counts = (Object.keys(WORDS) as Op[]).filter((op) => changes[op]).map((op) => `${changes[op]} ${WORDS[op]?.[tense]}`);
  const took = formatDuration(durationMs);
  note(unchanged ? `no changes: ${counts.join(", ") || "the stack is empty"} (${took})` : `${counts.join(", ")} (${took})`);
  if (verb !== "up") return;
  for (const [name, value] of Object.entries(outputs)) print(outputLine(name, value));
}
