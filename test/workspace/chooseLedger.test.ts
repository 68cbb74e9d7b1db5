import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Json } from "../../src/json";
import { loadManifest } from "../../src/manifest";
import { openWorkspace } from "../../src/workspace";
import { chooseLedger } from "../../src/workspaceRuns/workspaceLedger";
import { scratch } from "../scratch";

const URL = "postgres://ann:s3cr3t@db.example/ledgers";

/** @param ledger of the manifest; `undefined`: it names none; `"none"`: there is no manifest */
function chosenWith(ledger: Json | undefined, { hasRuns = false, needsNoManifest = false } = {}) {
  const folder = scratch();
  const home = join(folder, "home");
  mkdirSync(home);
  if (hasRuns) writeFileSync(join(home, "ledger.db"), "");
  const file = join(folder, "manifest.json");
  const source = { project: "data", stack: "dev" };
  const manifest = { kind: "pushpool.dev/manifest", version: 1, source, pools: {}, blocks: {}, variables: {}, deployments: {} };
  if (ledger !== "none") writeFileSync(file, JSON.stringify({ ...manifest, ...(ledger === undefined ? {} : { ledger }) }), { mode: 0o600 });
  const env = { PUSHPOOL_HOME: home, XDG_STATE_HOME: join(folder, "state"), ...(ledger === "none" ? {} : { PUSHPOOL_MANIFEST: file }) };
  const workspace = openWorkspace({ cwd: folder, env });
  return chooseLedger(workspace, { readManifest: () => loadManifest(workspace, { secrets: true }), needsNoManifest });
}

test("the manifest names the ledger; without a manifest, or a ledger in it, it is the home's", async () => {
  expect(await chosenWith({ url: URL })).toMatchObject({ kind: "postgres", url: URL });
  expect(await chosenWith(undefined)).toMatchObject({ kind: "sqlite" });
  expect(await chosenWith("none")).toMatchObject({ kind: "sqlite" });
});

test.each<[string, Json, RegExp]>([
  ["a URL that is not a string", { url: 5 }, /ledger\.url must be a string/],
  ["no URL", {}, /ledger\.url is missing/],
  ["no object", URL, /ledger must be an object/],
  ["an unknown field", { url: URL, shema: "a" }, /ledger\.shema is not a field/],
  ["a URL of another database", { url: "mysql://ann:s3cr3t@db.example/ledgers" }, /ledger\.url must be a URL such as postgres:/],
  ["an invalid schema", { url: URL, schema: "A B" }, /ledger\.schema must be/],
])("a manifest whose ledger has %s is refused: runs do not go to the home's instead", async (_, ledger, message) => {
  for (const needsNoManifest of [false, true]) {
    const refusal = await chosenWith(ledger, { needsNoManifest }).catch((error: Error) => error);
    expect(refusal).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
    expect((refusal as Error).message).not.toContain("s3cr3t");
  }
});

test("a command that needs no manifest does not read it where the home has runs", async () => {
  expect(await chosenWith({ url: 5 }, { hasRuns: true, needsNoManifest: true })).toMatchObject({ kind: "sqlite" });
});
