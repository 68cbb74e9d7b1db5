import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { connectionOf } from "../../src/prefect/apiConnection";
import { findConnection } from "../../src/prefect/findConnection";
import { scratch } from "../scratch";

const PROFILES = `active = "work"

[profiles.work]
PREFECT_API_URL = "http://work:4200/api"
PREFECT_API_KEY = "pnu_of_work"

[profiles.guarded]
PREFECT_API_URL = "http://guarded:4200/api"
PREFECT_API_KEY = "pnu_of_guarded"
PREFECT_API_AUTH_STRING = "admin:pass"

[profiles.empty]
`;

function home(text = PROFILES): NodeJS.ProcessEnv {
  const folder = scratch();
  mkdirSync(join(folder, ".prefect"));
  writeFileSync(join(folder, ".prefect", "profiles.toml"), text);
  return { HOME: folder };
}
const shown = (env: NodeJS.ProcessEnv, explicit?: Parameters<typeof findConnection>[1]) => {
  const found = findConnection(env, explicit);
  return found && { url: found.apiUrl, auth: found.auth?.reveal(), origin: found.origin };
};

test("the active profile; the one that is named; the environment before both", () => {
  expect(shown(home())).toEqual({ url: "http://work:4200/api", auth: "pnu_of_work", origin: 'PREFECT_API_URL of profile "work"' });
  expect(shown({ ...home(), PREFECT_PROFILE: "guarded" })).toMatchObject({ url: "http://guarded:4200/api", auth: "admin:pass" });
  expect(shown({ ...home(), PREFECT_PROFILE: "empty" })).toBeUndefined();
  const env = { ...home(), PREFECT_API_URL: "http://shell:4200/api/", PREFECT_API_KEY: "pnu_of_shell" };
  expect(shown(env)).toEqual({ url: "http://shell:4200/api", auth: "pnu_of_shell", origin: "PREFECT_API_URL" });
  expect(shown({ HOME: scratch() })).toBeUndefined();
});

test("PREFECT_PROFILES_PATH and PREFECT_HOME say where the profiles file is", () => {
  const folder = scratch();
  writeFileSync(join(folder, "profiles.toml"), PROFILES);
  expect(shown({ PREFECT_HOME: folder })).toMatchObject({ url: "http://work:4200/api" });
  expect(shown({ HOME: scratch(), PREFECT_PROFILES_PATH: join(folder, "profiles.toml") })).toMatchObject({ url: "http://work:4200/api" });
});

test("an explicit API wins; it gets the environment's key only if that key is for it", () => {
  const explicit = { apiUrl: "http://work:4200/api", origin: "the manifest" };
  expect(shown(home(), explicit)).toEqual({ url: "http://work:4200/api", auth: "pnu_of_work", origin: "the manifest" });
  expect(shown(home(), { ...explicit, auth: "own" })).toMatchObject({ auth: "own" });
  expect(shown(home(), { ...explicit, apiUrl: "http://other:4200/api" })).toMatchObject({ auth: undefined });
  // A broken file is no reason to refuse if it would only have provided a key.
  expect(shown(home("active = "), explicit)).toMatchObject({ url: "http://work:4200/api" });
});

test("an invalid profiles file is refused without quoting it", () => {
  const env = home('active = "work"\nPREFECT_API_KEY = pnu_secret');
  expect(() => findConnection(env)).toThrow(/profiles\.toml is invalid TOML: fix it, or set PREFECT_API_URL$/);
});

test.each([
  ["prefect:4200", /the URL of a Prefect API must begin with http/],
  ["not a url", /invalid URL "not a url": it must look like http:\/\/HOST:4200\/api/],
  ["ftp://x/api", /must begin with http:\/\/ or https:\/\/, not ftp:/],
  ["http://admin:hunter2@x/api", /remove user and password from the URL/],
  ["https://app.prefect.cloud/account/a/workspace/w", /is the web page, not the API: use https:\/\/api\.prefect\.cloud\/api\/accounts/],
  ["https://api.prefect.cloud/api", /names no workspace/],
])("an invalid URL: %s", (url, message) => {
  expect(() => connectionOf(url, undefined, "PREFECT_API_URL")).toThrow(message);
  expect(() => connectionOf(url, undefined, "PREFECT_API_URL")).not.toThrow(/hunter2/);
});

test("recognizes Prefect Cloud by its path, on any host", () => {
  expect(connectionOf("https://api.prefect.cloud/api/accounts/a/workspaces/w/", undefined, "").isCloud).toBe(true);
  expect(connectionOf("https://prefect.corp/api/accounts/a/workspaces/w", undefined, "").isCloud).toBe(true);
  expect(connectionOf("http://localhost:4200/api", undefined, "").isCloud).toBe(false);
});

test("a connection does not show its key", () => {
  const connection = connectionOf("http://x/api", "pnu_secret", "test");
  expect(`${inspect(connection)} ${JSON.stringify(connection)}`).not.toContain("pnu_secret");
});
