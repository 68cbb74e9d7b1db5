import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { type LoadedManifest, loadManifest } from "../../src/manifest";
import type { Run, RunEvent, Runs } from "../../src/runs";
import { startFakeIssuer } from "../../src/testing";
import { UserError } from "../../src/userError";
import { openWorkspace, type Workspace } from "../../src/workspace";
import { openRuns } from "../../src/workspaceRuns";
import { atEnd, forSuite } from "../atEnd";
import { scratch } from "../scratch";
import { type Cloud, type CloudPlace, cloudPlace } from "./clouds/cloud";
import type { Place } from "./pushpool";

// Whoever submits has exactly the permissions that runs need, whatever the login. Without any one of them its use fails, or what is done
// without it is reported, with the permission's name and the fix. The built command line creates the pools. The runs are started in this
// process, as hundreds of processes would take many minutes.

/** The choices of a pool's `credentials`. */
const MODES = ["key", "federated", "ambient"] as const;
export type Mode = (typeof MODES)[number];

/** What a follower of a run hears. */
export interface Heard {
  run: Run;
  lines: string[];
  warnings: string[];
}

/** Submits to one pool, like a new process whose pool's credentials are old: nobody waits for them to become effective. */
export interface Submitter {
  runs: Runs;
  /** The warnings that no run's result contains. */
  told: string[];
  /** @param name of the deployment, whose flow is named like the pool */
  start(name: string, jobVariables?: JsonObject): Promise<Run>;
  done(name: string, jobVariables?: JsonObject): Promise<Heard>;
  /** @returns why something that the pool's runs left stays in the cloud */
  removeLeftovers(): Promise<string[]>;
  /** The same with an empty ledger, as on another machine. */
  elsewhere(): Promise<Submitter>;
}

/** @param pool which the manifest's only pool is, for what is done to every pool */
export async function submitter(here: Place, pool: string): Promise<Submitter> {
  const workspace = openWorkspace({ cwd: here.folder, env: here.env });
  const loaded = await loadManifest(workspace, { secrets: true });
  const { blocks, pools } = loaded.manifest;
  for (const block of Object.values(blocks)) delete block.createdAt;
  for (const name of Object.keys(pools)) if (name !== pool) delete pools[name];
  return opened(workspace, loaded, pool);
}

async function opened(workspace: Workspace, loaded: LoadedManifest, pool: string): Promise<Submitter> {
  const told: string[] = [];
  const runs = await openRuns({ workspace, readManifest: async () => loaded, warn: (message) => told.push(message) });
  atEnd(() => runs.close());
  const created = async (name: string, jobVariables: JsonObject) =>
    (await runs.createRun({ deployment: `${pool}/${name}`, jobVariables })).run.id;
  return {
    runs,
    told,
    start: async (name, jobVariables = {}) => runs.submitRun(await created(name, jobVariables)),
    done: async (name, jobVariables = {}) => {
      const [lines, warnings]: string[][] = [[], []];
      const onEvent = (event: RunEvent) => {
        if (event.kind === "log") lines?.push(event.line.text);
        if (event.kind === "warning") warnings?.push(event.message);
      };
      const run = await runs.followRun(await created(name, jobVariables), { onEvent });
      return { run, lines: lines ?? [], warnings: warnings ?? [] };
    },
    removeLeftovers: async () => (await runs.removeLeftovers(new AbortController().signal)).flatMap(({ kept }) => kept),
    elsewhere: async () => opened(openWorkspace({ cwd: scratch(), env: { ...workspace.env, PUSHPOOL_HOME: scratch() } }), loaded, pool),
  };
}

export async function refusalOf(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`it was not refused: ${String(error)}`);
  return error;
}

/** The role or policy of a pool's submitters. */
export interface Granted {
  /** Its permissions. */
  all: string[];
  /** Remove one. @returns gives it back */
  remove(permission: string): () => void;
}

/** What a mode's tests use: a finished run, and one that continues. */
export interface Earlier {
  first: Run;
  long: Run;
}

type Use = (by: Submitter, earlier: Earlier) => Promise<unknown>;

/** One cloud's row. */
export interface Permissions<Fake, Options> {
  cloud: Cloud<Fake, Options>;
  options?: Options;
  /** Arguments of the pools, as JavaScript. */
  args: string;
  /** Deployments by name, each with its command and job variables, as JavaScript that may use `pool`. */
  deployments: string;
  /** Someone without any permission, as `submitters` lists them, and what their login is. */
  person(fake: Fake): { member: string; env(file: string): Record<string, string>; file?: string };
  granted(fake: Fake, mode: Mode): Granted;
  /** The permissions of `leastPrivilege`. */
  needed: string[];
  /** What is used before any permission is removed. */
  begin(by: Submitter, at: { granted: Granted; fake: Fake }): Promise<Earlier>;
  /** By permission: what is refused without it. */
  refused: Record<string, Use>;
  /** What works without it, with a warning. */
  warned: Record<string, Use>;
  /** Leftovers stay without it. */
  tidying: string[];
  /** What removing the leftovers of a run needs: a run. */
  leave?(by: Submitter): Promise<unknown>;
  /** What this program does not use: only Prefect's own dispatcher does. */
  ofPrefect?: string[];
  /** The cloud's words of a denial. */
  denial(permission: string): string;
  /** The fix that the message names. */
  fix(permission: string): RegExp | string;
  /** Whom the message calls denied. */
  denied: Record<Mode, RegExp>;
}

const GITHUB = "https://token.actions.githubusercontent.com";

/** How a message ends that says who grants a permission. */
function endOf(mode: Mode): [has: string, lacks: string] {
  const [again, submitters] = ["if it was removed since, `pushpool refresh` and `pushpool up` grant it again", "to everyone in submitters"];
  return mode === "ambient" ? [submitters, again] : [again, submitters];
}

export function describePermissions<Fake, Options extends object>(row: Permissions<Fake, Options>): void {
  const { cloud, needed, refused, warned, tidying, ofPrefect = [] } = row;
  let here: CloudPlace<Fake>;
  let person: ReturnType<typeof row.person>;

  beforeAll(
    () =>
      forSuite(async () => {
        const issuer = await startFakeIssuer({ issuer: GITHUB });
        atEnd(() => issuer.stop());
        here = await cloudPlace(cloud, { ...row.options, issuers: { [issuer.issuer]: issuer.url } } as unknown as Options);
        person = row.person(here.fake);
        here.program(`
const modes = {
  key: {},
  federated: { federation: { github: { repository: "acme/etl", branch: "main" } } },
  ambient: { submitters: [${JSON.stringify(person.member)}] },
};
const pools = Object.entries(modes).map(([credentials, more]) =>
  [credentials, new Pool(credentials, { ...place, credentials, permissions: "leastPrivilege", ...more, ${row.args} })]);
const deployments = pools.flatMap(([mode, pool]) => Object.entries(${row.deployments}).map(([name, of]) =>
  new Deployment(mode + "/" + name, { workPoolName: pool.workPoolName, ...of })));
exports.pushPools = manifest({ pools: pools.map(([, pool]) => pool), deployments });`);
        const up = await here.up();
        expect([up.status, up.stderr]).toEqual([0, expect.not.stringContaining("error")]);
        Object.assign(here.env, issuer.githubEnv({ repository: "acme/etl" }));

        // Clouds' libraries look for a person's login in the environment of this process: nobody is logged in.
        atEnd(() => vi.unstubAllEnvs());
        for (const name of Object.keys(process.env)) if (cloud.ownLogin.test(name)) vi.stubEnv(name, undefined);
        const empty = { ...cloud.env(here.folder), METADATA_SERVER_DETECTION: "none" };
        for (const [name, value] of Object.entries(empty)) vi.stubEnv(name, value);
      }),
    600_000,
  );

  test("every permission is removed once", () => {
    const tested = [...Object.keys(refused), ...Object.keys(warned), ...tidying, ...ofPrefect];
    expect(new Set(tested)).toEqual(new Set(needed));
  });

  describe.each(MODES)("%s", (mode) => {
    let granted: Granted;
    let earlier: Earlier;

    beforeAll(() => {
      granted = row.granted(here.fake, mode);
      if (mode !== "ambient") return;
      const file = join(here.folder, "login");
      writeFileSync(file, person.file ?? "", { mode: 0o600 });
      const login = Object.entries(person.env(file));
      for (const [name, value] of login) vi.stubEnv(name, value);
      return () => {
        for (const [name] of login) vi.stubEnv(name, undefined);
      };
    });

    /** Submit without a permission. Everything was used with it before. */
    async function without<T>(permission: string, use: (by: Submitter) => Promise<T>): Promise<T> {
      const by = await submitter(here, mode);
      const restore = granted.remove(permission);
      try {
        return await use(by);
      } finally {
        restore();
      }
    }

    function expectFix(permission: string, message: string): void {
      const [has, lacks] = endOf(mode);
      expect(message).toContain(row.denial(permission));
      expect(message).toMatch(row.fix(permission));
      expect(message).toMatch(row.denied[mode]);
      expect([message]).toEqual([expect.stringContaining(has)]);
      expect(message).not.toContain(lacks);
    }

    test("with exactly the permissions of leastPrivilege everything works", async () => {
      expect(granted.all.toSorted()).toEqual(needed.toSorted());
      earlier = await row.begin(await submitter(here, mode), { granted, fake: here.fake });
    });

    test.each(Object.entries(refused))("without %s its use is refused, and the message names the fix", async (permission, use) => {
      const { exitCode, message } = await refusalOf(without(permission, (by) => use(by, earlier)));
      expect(exitCode).toBe(5);
      expectFix(permission, message);
    });

    test.each(Object.entries(warned))("without %s the outcome is the same, and a warning names the fix", async (permission, use) => {
      const warnings = await without(permission, async (by) => {
        const heard = (await use(by, earlier)) as Heard | undefined;
        if (heard?.run) expect(heard.run.state.type).toBe("COMPLETED");
        return [...(heard?.warnings ?? []), ...by.told];
      });
      expect(warnings).not.toEqual([]);
      expect(warnings).toEqual([...new Set(warnings)]);
      for (const warning of warnings) expectFix(permission, warning);
    });

    test.each(ofPrefect)("without %s, which only Prefect's dispatcher uses, runs are the same", async (permission) => {
      const { run, warnings } = await without(permission, (by) => by.done("prod"));
      expect([run.state.type, warnings]).toEqual(["COMPLETED", []]);
    });

    test.each(tidying)("without %s leftovers stay, and the reason names the fix", async (permission) => {
      await row.leave?.(await submitter(here, mode));
      const kept = await without(permission, (by) => by.removeLeftovers());
      expectFix(permission, kept[0] ?? "");
    });

    test("with all permissions again, runs can be cancelled and nothing is left", async () => {
      const by = await submitter(here, mode);
      for (const { id, workPool } of await by.runs.inFlight())
        if (workPool === mode) expect((await by.runs.cancelRun(id)).state.type).toBe("CANCELLED");
      expect(await by.removeLeftovers()).toEqual([]);
    });
  });
}
