import { existsSync } from "node:fs";
import { join } from "node:path";
import { openHome } from "../../home";
import type { LoadedManifest } from "../../manifest";
import { runsParts } from "../../workspaceRuns";
import { hasDesktop, openBrowser } from "../openBrowser";
import { portOf } from "../port";
import { note, print, printJson } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";
import { openPage } from "../uiPage";

interface UiFlags extends ManifestFlags {
  port?: string;
  open: boolean;
}

/** How long the end may take, in milliseconds. Whoever watches next continues unfinished work, as after a kill. */
const END_TIMEOUT = 10_000;

/** `pushpool ui` */
export async function action(_: string[], flags: UiFlags): Promise<void> {
  const port = portOf("--port", flags.port);
  const workspace = workspaceOf(flags);
  const given = {
    ...(flags.manifest === undefined ? {} : { manifest: flags.manifest }),
    ...(flags.output === undefined ? {} : { output: flags.output }),
    stdin: readStdin,
  };
  // A page in a wrong folder must not make a home there.
  let loaded: LoadedManifest | undefined;
  if (!existsSync(workspace.home)) {
    const { loadManifest } = await import("../../manifest/index.js");
    loaded = await loadManifest(workspace, { ...given, secrets: true });
  }
  openHome(workspace.home, { create: true });
  const parts = await runsParts({ workspace, ...given, warn: note, ...(loaded ? { loaded } : {}) });
  const page = await openPage(parts, parts.ledgerName, port, (error) =>
    note(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  if (flags.json) printJson({ url: page.url, port: page.port });
  else print(page.url);
  const opens = flags.open && !flags.json && hasDesktop(workspace.env, process.platform, process.stdout);
  const removeFile = opens ? openBrowser(page.url, join(workspace.home, "ui"), workspace.env, process.platform) : () => {};
  if (!flags.json)
    note(
      `the run page of ${workspace.stack?.id ?? "every stack here"} is open at that address, on this machine only. Ctrl-C ends it; runs continue`,
    );
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve()).once("SIGTERM", () => resolve());
  });
  removeFile();
  setTimeout(() => process.exit(0), END_TIMEOUT).unref();
  await page.close();
  process.exit();
}
