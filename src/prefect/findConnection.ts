import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";
import type { Secret } from "../secret";
import { UserError } from "../userError";
import { type ApiConnection, connectionOf } from "./apiConnection";

/** What a manifest, or an explicit provider of a Pulumi program, says about the connection. */
export interface Explicit {
  apiUrl: string;
  auth?: string;
  /** For messages. */
  origin: string;
}

/**
 * Find the Prefect API to use: the explicit one, else from the environment, else from the active profile. Each setting is looked up
 * separately, as in Prefect's own client (https://docs.prefect.io/v3/develop/settings-and-profiles).
 *
 * A key from the environment or a profile goes to an explicit API only if both have the same URL.
 * @returns `undefined` if nothing names an API
 * @throws {UserError} naming the variable or file to fix
 */
export function findConnection(env: NodeJS.ProcessEnv, explicit?: Explicit): ApiConnection | undefined {
  const ambient = ambientConnection(env, explicit === undefined);
  if (explicit === undefined) return ambient;
  const given = connectionOf(explicit.apiUrl, explicit.auth, explicit.origin);
  if (given.auth !== undefined || ambient?.auth === undefined || ambient.apiUrl !== given.apiUrl) return given;
  return { ...given, auth: ambient.auth };
}

/**
 * How to reach an API that is not the current one. It uses the environment or the profile that names this API; else it uses no key. A key
 * for another host never goes there; the workspaces of one host share a key.
 * @param current the API in use now
 * @throws {UserError} if the URL is invalid
 */
export function findConnectionTo(env: NodeJS.ProcessEnv, apiUrl: string, current: ApiConnection | undefined): ApiConnection {
  const origin = "where it was made";
  const wanted = connectionOf(apiUrl, undefined, origin);
  const ambient = ambientConnection(env, false);
  if (ambient?.apiUrl === wanted.apiUrl) return ambient;
  for (const [name, settings] of Object.entries(profilesOf(env).profiles)) {
    const url = setting("PREFECT_API_URL", {}, objectOr(settings));
    if (url === undefined) continue;
    const profile = ambientConnection({ ...env, ...NOTHING_SET, PREFECT_PROFILE: name }, false);
    if (profile?.apiUrl === wanted.apiUrl) return profile;
  }
  const sameHost = current?.auth !== undefined && new URL(current.apiUrl).origin === new URL(wanted.apiUrl).origin;
  return sameHost ? { ...wanted, auth: current.auth as Secret } : wanted;
}

/** Empties what the environment sets. */
const NOTHING_SET = { PREFECT_API_URL: "", PREFECT_API_KEY: "", PREFECT_API_AUTH_STRING: "" };

/** @param strict whether to throw if the settings are invalid; not needed if they would only provide a key */
function ambientConnection(env: NodeJS.ProcessEnv, strict: boolean): ApiConnection | undefined {
  try {
    const { settings, name } = activeProfile(env);
    const url = setting("PREFECT_API_URL", env, settings);
    if (url === undefined) return undefined;
    // If both are set, Prefect's client uses the auth string.
    const auth = setting("PREFECT_API_AUTH_STRING", env, settings) ?? setting("PREFECT_API_KEY", env, settings);
    return connectionOf(url, auth, env.PREFECT_API_URL ? "PREFECT_API_URL" : `PREFECT_API_URL of profile "${name}"`);
  } catch (error) {
    if (strict || !(error instanceof UserError)) throw error;
    return undefined;
  }
}

function setting(name: string, env: NodeJS.ProcessEnv, profile: Record<string, unknown>): string | undefined {
  const value = env[name] || profile[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The settings of the profile that `PREFECT_PROFILE` names, else of the active one; empty if there is no file. */
function activeProfile(env: NodeJS.ProcessEnv): { name: string; settings: Record<string, unknown> } {
  const { active, profiles } = profilesOf(env);
  const name = env.PREFECT_PROFILE || active;
  // Prefect has built-in profiles, such as `ephemeral`, that need not be in the file.
  return typeof name === "string" ? { name, settings: objectOr(profiles[name]) } : { name: "", settings: {} };
}

/** Prefect's profiles file; empty if it does not exist. @throws {UserError} if it is invalid TOML */
function profilesOf(env: NodeJS.ProcessEnv): { active: unknown; profiles: Record<string, unknown> } {
  const path = env.PREFECT_PROFILES_PATH || join(env.PREFECT_HOME || join(env.HOME || homedir(), ".prefect"), "profiles.toml");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { active: undefined, profiles: {} };
  }
  try {
    const { active, profiles } = parse(text);
    return { active, profiles: objectOr(profiles) };
  } catch {
    // The parser's own message quotes the file, which contains keys.
    throw new UserError(`${path} is invalid TOML: fix it, or set PREFECT_API_URL`);
  }
}

function objectOr(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
