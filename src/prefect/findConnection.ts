import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";
import type { Secret } from "../secret";
import { UserError } from "../userError";
import { type ApiConnection, connectionOf } from "./connection";

/** What a manifest, or an explicit provider of a Pulumi program, says of the connection. */
export interface Explicit {
  apiUrl: string;
  auth?: string;
  /** For messages. */
  origin: string;
}

/**
 * The Prefect API that is meant: the explicit one, else what the shell says, else the active profile; each setting by itself, as
 * Prefect's own client has it (https://docs.prefect.io/v3/develop/settings-and-profiles).
 *
 * The key of the shell or of a profile goes to an explicit API only if it is the one that they are about.
 * @returns `undefined` if nothing names an API
 * @throws {UserError} naming the variable or the file to mend
 */
export function findConnection(env: NodeJS.ProcessEnv, explicit?: Explicit): ApiConnection | undefined {
  const ambient = ambientConnection(env, explicit === undefined);
  if (explicit === undefined) return ambient;
  const given = connectionOf(explicit.apiUrl, explicit.auth, explicit.origin);
  if (given.auth !== undefined || ambient?.auth === undefined || ambient.apiUrl !== given.apiUrl) return given;
  return { ...given, auth: ambient.auth };
}

/**
 * How to reach an API that is not the one that is meant now: by the shell or the profile that names it, else without a key. A key for another
 * host never goes there; the workspaces of one host share it.
 * @param current the API that is meant now
 * @throws {UserError} if the URL is none
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

/** What the shell says, left out. */
const NOTHING_SET = { PREFECT_API_URL: "", PREFECT_API_KEY: "", PREFECT_API_AUTH_STRING: "" };

/** @param strict whether what is wrong there is worth refusing: not if it would only have given a key */
function ambientConnection(env: NodeJS.ProcessEnv, strict: boolean): ApiConnection | undefined {
  try {
    const { settings, name } = activeProfile(env);
    const url = setting("PREFECT_API_URL", env, settings);
    if (url === undefined) return undefined;
    // Prefect's client takes the auth string where there are both.
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

/** The settings of the profile that `PREFECT_PROFILE` names, else of the active one; none if there is no file. */
function activeProfile(env: NodeJS.ProcessEnv): { name: string; settings: Record<string, unknown> } {
  const { active, profiles } = profilesOf(env);
  const name = env.PREFECT_PROFILE || active;
  // Prefect has an `ephemeral` profile, and others, that no file needs to hold.
  return typeof name === "string" ? { name, settings: objectOr(profiles[name]) } : { name: "", settings: {} };
}

/** What Prefect's file of profiles says; nothing if there is no file. @throws {UserError} if it is no TOML */
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
    // The parser's own message quotes the file, which holds keys.
    throw new UserError(`${path} is no TOML: mend it, or set PREFECT_API_URL`);
  }
}

function objectOr(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
