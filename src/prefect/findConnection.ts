import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";
import { UserError } from "../userError";
import { type Connection, connectionOf } from "./connection";

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
export function findConnection(env: NodeJS.ProcessEnv, explicit?: Explicit): Connection | undefined {
  const ambient = ambientConnection(env, explicit === undefined);
  if (explicit === undefined) return ambient;
  const given = connectionOf(explicit.apiUrl, explicit.auth, explicit.origin);
  if (given.auth !== undefined || ambient?.auth === undefined || ambient.apiUrl !== given.apiUrl) return given;
  return { ...given, auth: ambient.auth };
}

/** @param strict whether what is wrong there is worth refusing: not if it would only have given a key */
function ambientConnection(env: NodeJS.ProcessEnv, strict: boolean): Connection | undefined {
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
  const none = { name: env.PREFECT_PROFILE ?? "", settings: {} };
  const path = env.PREFECT_PROFILES_PATH || join(env.PREFECT_HOME || join(env.HOME || homedir(), ".prefect"), "profiles.toml");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return none;
  }
  let file: Record<string, unknown>;
  try {
    file = parse(text);
  } catch {
    // The parser's own message quotes the file, which holds keys.
    throw new UserError(`${path} is no TOML: mend it, or set PREFECT_API_URL`);
  }
  const name = env.PREFECT_PROFILE || file.active;
  const profiles = objectOr(file.profiles);
  if (typeof name !== "string") return none;
  // Prefect has an `ephemeral` profile, and others, that no file needs to hold.
  return { name, settings: objectOr(profiles[name]) };
}

function objectOr(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
