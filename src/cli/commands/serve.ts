import { parseDuration } from "../../duration";
import { openHome } from "../../home";
import { checkLedgerFile, ledgerPath } from "../../ledger";
import type { LoadedManifest } from "../../manifest";
import { MISSED_POLICIES } from "../../schedules/due";
import { quoted, safeJson } from "../../shown";
import { UserError } from "../../userError";
import { runsParts } from "../../workspaceRuns";
import { keepYoungGenerationSmall } from "../../youngGeneration";
import { note } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";

interface ServeFlags extends ManifestFlags {
  pool?: string[];
  startUp: string;
  allowEnv?: string[];
  missed: string;
  grace?: string;
  host: string;
  allowHost?: string[];
  port: string;
  logLevel: string;
}

const START_UPS = ["execute", "engine"] as const;
const LEVELS = ["debug", "info", "warn", "error"];
/** How long a graceful end may take, in milliseconds. What is cut off then is taken up as after a kill. */
const LONGEST_END = 20_000;

/** `pushpool serve` */
export async function action(_: string[], flags: ServeFlags): Promise<void> {
  const startUp = START_UPS.find((one) => one === flags.startUp);
  if (!startUp) throw new UserError(`--start-up ${quoted(flags.startUp)}: must be ${START_UPS.join(" or ")}`);
  if (!LEVELS.includes(flags.logLevel)) throw new UserError(`--log-level ${quoted(flags.logLevel)}: must be one of ${LEVELS.join(", ")}`);
  const missed = MISSED_POLICIES.find((one) => one === flags.missed);
  if (!missed) throw new UserError(`--missed ${quoted(flags.missed)}: must be one of ${MISSED_POLICIES.join(", ")}`);
  const port = Number(flags.port);
  if (!/^\d+$/.test(flags.port) || port > 65_535)
    throw new UserError(`--port ${quoted(flags.port)}: must be a port number, or 0 for any free one`);
  if (flags.host.trim() === "") throw new UserError("--host is empty: give an address of this machine, as 127.0.0.1");
  for (const name of flags.allowHost ?? []) {
    if (!/^[A-Za-z0-9_.-]+$/.test(name)) throw new UserError(`--allow-host ${quoted(name)}: must be a host name, without a port`);
  }
  const graceSeconds = parseDuration(flags.grace ?? "30s", "--grace") / 1000;

  keepYoungGenerationSmall();
  const workspace = workspaceOf(flags);
  const { loadManifest } = await import("../../manifest/index.js");
  const manifestFlags = {
    ...(flags.manifest === undefined ? {} : { manifest: flags.manifest }),
    ...(flags.output === undefined ? {} : { output: flags.output }),
    stdin: readStdin,
  };
  const load = () => loadManifest(workspace, { ...manifestFlags, secrets: true });
  const loaded = await load();
  openHome(workspace.home, { create: true });
  checkLedgerFile(ledgerPath(workspace.home));
  const { pino } = await import("pino");
  const logged = { level: flags.logLevel, base: { stack: loaded.stack }, timestamp: pino.stdTimeFunctions.isoTime };
  // Line by line: what is still on its way when the process ends would be lost.
  const lines = pino.destination({ dest: 1, sync: true });
  const log = pino(logged, { write: (line: string) => lines.write(safeJson(line)) });
  const api = loaded.manifest.prefect !== undefined;
  const { isOpen } = await import("../../serve/endpoint.js");
  if (isOpen(flags.host)) {
    const warning = `--host ${flags.host}: everyone who reaches this machine can read /health and /metrics; they ask for no password`;
    log.warn(warning);
    if (process.stderr.isTTY) note(`warning: ${warning}`);
  }
  // What a server's pools are like is the server's to say; those of a ledger are what the stack says by now.
  const readManifest = async (stale?: LoadedManifest) => (stale && !api ? load() : loaded);
  const parts = runsParts({ workspace, ...manifestFlags, readManifest, warn: (message) => log.warn(message) });
  const end = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (end.signal.aborted) process.exit(130);
    log.info({ signal }, "ending: nothing more is begun, what runs goes on and is taken up by the next one");
    end.abort();
    setTimeout(() => {
      log.warn("it takes too long; what is half done is taken up by the next one");
      process.exit(0);
    }, LONGEST_END).unref();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  try {
    const { serve } = await import("../../serve/serve.js");
    await serve({
      loaded,
      runs: parts,
      templateEnv: allowed(workspace.env, flags.allowEnv ?? []),
      pools: flags.pool ?? [],
      missed,
      startUp,
      graceSeconds,
      endpoint: { host: flags.host, port, allowedHosts: flags.allowHost ?? [] },
      log,
      signal: end.signal,
      onServing: ({ pools, of, url }) => {
        log.info({ workPools: pools, ...(api ? { api: of } : {}), endpoint: url }, "serving");
        if (process.stderr.isTTY) note(`serving ${pools.join(", ")} of ${of}; health and metrics at ${url}. Ctrl-C ends it, runs go on`);
      },
    });
    log.info("ended");
  } finally {
    process.off("SIGTERM", stop).off("SIGINT", stop);
    parts.ledger.close();
  }
  // Connections that are kept alive would hold the process for a while.
  process.exit();
}

/** A template is somebody else's text: of this process's environment it reads only what was allowed by name. */
function allowed(env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}
