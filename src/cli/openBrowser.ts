import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../findProgram";
import { writeWhole } from "../writeWhole";
import { isWatched } from "./screen";

/** How long the browser has to read the file, in milliseconds. */
const READ_WITHIN = 30_000;

/** Whether a person sits at this machine, with a desktop: not in a CI job, a container or an ssh session. */
export function hasDesktop(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, stream: { isTTY?: boolean }): boolean {
  if (!isWatched(stream, env) || env.SSH_CONNECTION) return false;
  return platform === "darwin" || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/**
 * Open an address in the browser, through a file that only this user can read: other users can read the arguments of a process, so a token
 * must not be there.
 * @param folder for the file
 * @returns removes the file
 */
export function openBrowser(url: string, folder: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): () => void {
  const opener = findProgram(platform === "darwin" ? "open" : "xdg-open", env);
  if (opener === undefined) return () => {};
  const file = join(folder, `open-${process.pid}.html`);
  writeWhole(file, `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${url}"><title>pushpool</title>\n`);
  const child = spawn(opener, [file], { stdio: "ignore", detached: true, env });
  // Without a browser, the printed address is enough.
  child.on("error", () => {});
  child.unref();
  const remove = () => rmSync(file, { force: true });
  setTimeout(remove, READ_WITHIN).unref();
  return remove;
}
