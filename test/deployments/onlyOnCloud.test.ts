import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openSqliteLedger } from "../../src/ledger";
import { readDeploymentByName } from "../../src/prefect/api/deployments";
import { createWorkPool } from "../../src/prefect/api/workPools";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type Client, createClient } from "../../src/prefect/client";
import { asCloud } from "../prefect/cloud";
import { describePrefect } from "../prefect/python";
import { sharedServer } from "../prefect/server";
import { clientOf } from "../serve/server/dispatcher";
import { TEMPLATE } from "./recorded";
import { deployerTo, folderOf } from "./toServer";

// Versions of commits, and service level agreements. A server that looks like Prefect Cloud takes all of it.

describePrefect("what depends on the commit, and on Prefect Cloud", () => {
  vi.setConfig({ testTimeout: 120_000 });
  let client: Client;
  let apiUrl: string;
  const pool = `pool-${randomUUID().slice(0, 8)}`;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
    await createWorkPool(client, { name: pool, type: "process:push", base_job_template: TEMPLATE });
  }, 600_000);
  const ledger = openSqliteLedger(":memory:");
  afterAll(() => ledger.close());

  const file = (more: string) => {
    const name = `d-${randomUUID().slice(0, 8)}`;
    const yaml = (text: string) => `deployments:\n- name: ${name}\n  entrypoint: flows.py:hello\n  work_pool: { name: ${pool} }\n${text}`;
    const at = folderOf((path) => writeFileSync(path, yaml(more)));
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: at.folder, encoding: "utf8" }).trim();
    git("init", "--quiet", "-b", "main");
    git("remote", "add", "origin", "https://me:ghp_token@git.example.com/team/flows.git");
    git("add", ".");
    git("commit", "--quiet", "-m", "First\n\nmore");
    return { ...at, name: `hello/${name}`, sha: git("rev-parse", "HEAD"), change: (text: string) => writeFileSync(at.file, yaml(text)) };
  };

  test("the commit is the version of a deployment without one; version_type chooses", async () => {
    const { deploy } = deployerTo(client, ledger);
    const version = async (more: string) => {
      const at = file(more);
      const { problems } = await deploy(at);
      if (problems.length > 0) return problems[0]?.message;
      return (await readDeploymentByName(client, at.name))?.version?.replace(at.sha.slice(0, 8), "SHA");
    };
    expect(await version("")).toBe("SHA");
    expect(await version("  version_type: vcs:git\n")).toBe("SHA");
    expect(await version("  version: '1.2'\n  version_type: vcs:git\n")).toBe("1.2");
    // The hash of the flow's file.
    expect(await version("  version_type: prefect:simple\n")).toMatch(/^[0-9a-f]{32}$/);
    expect(await version("  version_type: vcs:gitlab\n")).toMatch(/^[0-9a-f]{32}$/);
    expect(await version("  version_type: git\n")).toMatch(/^version_type: must be one of prefect:simple, vcs:github, .*, not "git"$/);
  });

  test("Prefect Cloud gets the commit and the service level agreements; another server does not, and deploy says so", async () => {
    const cloud = await asCloud(apiUrl);
    const { deploy } = deployerTo(createClient(connectionOf(cloud.apiUrl, cloud.key, "test")), openSqliteLedger(":memory:"));
    const slas = "  sla:\n  - { name: quick, duration: 600, severity: high }\n  - { name: punctual, within: 00:10:00 }\n";
    const at = file(slas);
    expect((await deploy(at)).problems).toEqual([]);
    const there = await readDeploymentByName(client, at.name);
    const owner = `prefect.deployment.${there?.id}`;
    expect(cloud.slas.get(owner)).toEqual([
      { name: "quick", duration: 600, severity: "high", owner_resource: owner },
      { name: "punctual", within: "PT10M", owner_resource: owner },
    ]);
    expect(there?.version).toBe(at.sha.slice(0, 8));
    expect((await deploy(at)).deployments).toMatchObject([{ change: "same" }]);
    at.change("  sla: []\n");
    expect((await deploy(at)).deployments).toMatchObject([{ change: "update" }]);
    expect(cloud.slas.get(owner)).toEqual([]);

    const { deploy: elsewhere } = deployerTo(client, ledger);
    const plan = await elsewhere(file(slas));
    expect([plan.problems, plan.notes]).toEqual([
      [],
      expect.arrayContaining([expect.stringMatching(/^stored, but without effect: .*sla of hello\/.* \(Prefect Cloud only\)$/)]),
    ]);
    const bad = await elsewhere(file("  sla:\n  - { name: both, duration: 1, within: 5 }\n"));
    expect(bad.problems.map(({ message }) => message)).toEqual([expect.stringMatching(/^sla\[0\]: must have exactly one of duration/)]);
  });
});
