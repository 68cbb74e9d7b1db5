import { parseDuration } from "../../duration";
import type { Created } from "../../runs";
import { quoted } from "../../shown";
import { UserError } from "../../userError";
import { isBlank } from "../blank";
import { joinParameters, notesOnRepeats, parsePairs, parseParams } from "../parameters";
import { noteLine, printJson, printPretty } from "../screen";
import { type ManifestFlags, withRuns } from "../session";
import { submitAndLeave, watchOnScreen } from "../watch";

interface RunFlags extends ManifestFlags {
  param?: string[];
  params?: string;
  jobVariable?: string[];
  tag?: string[];
  flowRunName?: string;
  idempotencyKey?: string;
  pool?: string;
  credentials?: string;
  detach?: boolean;
  dryRun?: boolean;
  timeout?: string;
}

/** `pushpool run FLOW/DEPLOYMENT` */
export async function action([deployment = ""]: string[], flags: RunFlags): Promise<void> {
  const { json, detach, dryRun, timeout } = flags;
  if (timeout !== undefined) parseDuration(timeout, "--timeout");
  const credentials = loginOf(flags);
  await withRuns(flags, async (runs, workspace) => {
    const { parameters, twice } = joinParameters(
      flags.params === undefined ? {} : parseParams(flags.params, workspace.cwd),
      parsePairs(flags.param ?? [], "-p"),
    );
    const jobVariables = parsePairs(flags.jobVariable ?? [], "--job-variable");
    const jobVariableTexts = parsePairs(flags.jobVariable ?? [], "--job-variable", (text) => text) as Record<string, string>;
    for (const [key, text] of Object.entries(jobVariableTexts)) {
      // In env, an empty string is a value. Anywhere else it would mean the value of the pool.
      if (isBlank(text) && !key.startsWith("env."))
        throw new UserError(`--job-variable ${key} is blank: give it a value, ${key}=null to unset it, or ${key}='""' for an empty string`);
    }
    for (const note of [...notesOnRepeats(flags.param ?? [], "-p"), ...notesOnRepeats(flags.jobVariable ?? [], "--job-variable")])
      noteLine(note);
    if (twice.length > 0) noteLine(`${twice.join(", ")}: given by both -p and --params; -p wins`);
    const request = {
      deployment,
      parameters,
      jobVariables,
      jobVariableTexts,
      tags: flags.tag ?? [],
      ...(flags.flowRunName === undefined ? {} : { name: flags.flowRunName }),
      ...(flags.idempotencyKey === undefined ? {} : { idempotencyKey: flags.idempotencyKey }),
      ...(flags.pool === undefined ? {} : { workPool: flags.pool }),
      ...(credentials === undefined ? {} : { credentials }),
    };
    if (dryRun) {
      const plan = await runs.planRun(request);
      return json ? printJson(plan) : printPretty(plan);
    }
    const tellRecorded = ({ run: made, created }: Created) => {
      if (json) return;
      noteLine(
        `${created ? "flow run" : "already exists for this idempotency key: flow run"} ${made.name} (${made.id}) of ${made.deployment} on work pool ${made.workPool}, stack ${made.stack}`,
      );
    };
    if (detach) {
      const onRecorded = (made: Created) => {
        tellRecorded(made);
        for (const warning of made.warnings) noteLine(`warning: ${warning}`);
      };
      return submitAndLeave((watching) => runs.startRun(request, { ...watching, onRecorded }), json);
    }
    const made = await runs.createRun(request);
    tellRecorded(made);
    return watchOnScreen(runs, made.run, { ...flags, warnings: made.warnings });
  });
}

function loginOf({ credentials }: RunFlags): "ambient" | undefined {
  if (credentials === undefined || credentials === "ambient") return credentials;
  throw new UserError(`--credentials ${quoted(credentials)}: must be ambient`);
}
