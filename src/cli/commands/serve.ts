import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseDuration } from "../../duration";
import { keepHeapSmall } from "../../heapShape";
import { openHome } from "../../home";
import type { LoadedManifest } from "../../manifest";
import { MISSED_POLICIES } from "../../schedules/due";
import { quoted, safeJson } from "../../shown";
import type { OpenedUi } from "../../ui/openUi";
import { UserError } from "../../userError";
import { runsParts } from "../../workspaceRuns";
import { writeWhole } from "../../writeWhole";
import { portOf } from "../port";
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
  ui?: boolean;
  uiPort?: string;
}

const START_UPS = ["execute", "engine"] as const;
const LEVELS = ["debug", "info", "warn", "error"];
/** How long a graceful shutdown may take, in milliseconds. The next dispatcher continues unfinished work, as after a kill. */
const SHUTDOWN_TIMEOUT = 20_000;

/** `pushpool serve` */
export async function action(_: string[], flags: ServeFlags): Promise<void> {
  const startUp = START_UPS.find((one) => one === flags.startUp);
  if (!startUp) throw new UserError(`--start-up ${quoted(flags.startUp)}: must be ${START_UPS.join(" or ")}`);
  if (!LEVELS.includes(flags.logLevel)) throw new UserError(`--log-level ${quoted(flags.logLevel)}: must be one of ${LEVELS.join(", ")}`);
  const missed = MISSED_POLICIES.find((one) => one === flags.missed);
  if (!missed) throw new UserError(`--missed ${quoted(flags.missed)}: must be one of ${MISSED_POLICIES.join(", ")}`);
  const port = portOf("--port", flags.port) as number;
  const uiPort = portOf("--ui-port", flags.uiPort);
  if (uiPort !== undefined && !flags.ui) throw new UserError("--ui-port needs --ui, which serves the run page");
  if (flags.host.trim() === "") throw new UserError("--host is blank: give an address of this machine, such as 127.0.0.1");
  for (const name of flags.allowHost ?? []) {
    if (!/^[A-Za-z0-9_.-]+$/.test(name)) throw new UserError(`--allow-host ${quoted(name)}: must be a host name, without a port`);
  }
  const graceSeconds = parseDuration(flags.grace ?? "30s", "--grace") / 1000;

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
  const { pino } = await import("pino");
  const logged = { level: flags.logLevel, base: { stack: loaded.stack }, timestamp: pino.stdTimeFunctions.isoTime };
  // Write synchronously: buffered lines would be lost when the process ends.
  const lines = pino.destination({ dest: 1, sync: true });
  const log = pino(logged, { write: (line: string) => lines.write(safeJson(line)) });
  const api = loaded.manifest.prefect !== undefined;
  const { isOpenToAll } = await import("../../serve/endpoint.js");
  if (isOpenToAll(flags.host)) {
    const warning = `--host ${flags.host}: everyone who can reach this machine can read /health and /metrics without a password`;
    log.warn(warning);
    if (process.stderr.isTTY) note(`warning: ${warning}`);
  }
  // A Prefect server defines its pools itself. Without a server, the pools come from the current manifest of the stack.
  const readManifest = async (stale?: LoadedManifest) => (stale && !api ? load() : loaded);
  const parts = await runsParts({ workspace, ...manifestFlags, readManifest, whole: true, warn: (message) => log.warn(message) });
  const end = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (end.signal.aborted) process.exit(130);
    log.info({ signal }, "ending: no new runs are submitted; runs in flight continue, and the next dispatcher watches them");
    end.abort();
    setTimeout(() => {
      log.warn("the shutdown takes too long; the next dispatcher continues the unfinished work");
      process.exit(0);
    }, SHUTDOWN_TIMEOUT).unref();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  let page: OpenedUi | undefined;
  try {
    await parts.ledger.checkWritable();
    const { serve } = await import("../../serve/serve.js");
    if (flags.ui) {
      const { openPage } = await import("../uiPage.js");
      page = await openPage(parts, parts.ledgerName, uiPort, (error) => log.error({ reason: String(error) }, "a bug of the run page"));
      // The address has the token of the page: it is for the person who started this, not for a log that others read.
      const address = pageAddress(workspace.home);
      writeWhole(address, `${page.url}\n`);
      if (process.stderr.isTTY) note(`the run page: ${page.url}`);
      log.info({ port: page.port, address }, "serving the run page; its address is in that file");
    }
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
        // Not earlier: V8 would compile the rest of the start again.
        keepHeapSmall();
        log.info({ workPools: pools, ...(api ? { api: of } : {}), endpoint: url }, "serving");
        if (process.stderr.isTTY) note(`serving ${pools.join(", ")} of ${of}; health and metrics at ${url}. Ctrl-C ends it; runs continue`);
      },
    });
    log.info("ended");
  } finally {
    await page?.close();
    if (page) rmSync(pageAddress(workspace.home), { force: true });
    process.off("SIGTERM", stop).off("SIGINT", stop);
    parts.ledger.close();
  }
  // Keep-alive connections would keep the process running for a while.
  process.exit();
}

/** The file with the address of the page. */
function pageAddress(home: string): string {
  return join(home, "ui", "serve-address");
}

/** The environment variables that templates may read. A template may come from somebody else, so each variable must be allowed by name. */
function allowed(env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}
