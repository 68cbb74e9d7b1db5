import { randomUUID } from "node:crypto";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { readBlockByName } from "../../../src/prefect/api/blocks";
import { readDeploymentByName } from "../../../src/prefect/api/deployments";
import { readWorkPool } from "../../../src/prefect/api/workPools";
import { connectionOf } from "../../../src/prefect/apiConnection";
import { type Client, createClient } from "../../../src/prefect/client";
import { offlineStack } from "../../../src/testing";
import { describePrefect } from "../../prefect/python";
import { PASSWORD, sharedServer } from "../../prefect/server";
import { scratch } from "../../scratch";

// Complete programs with the offline engine and Pulumi's own provider process, on real servers.

vi.setConfig({ testTimeout: 600_000 });

describePrefect("resources of a Prefect server that get another name, and another server", () => {
  let here: string;
  let there: string;
  let clients: Client[];
  beforeAll(async () => {
    [here, there] = [(await sharedServer("locked")).apiUrl, (await sharedServer()).apiUrl];
    clients = [createClient(connectionOf(here, PASSWORD, "test")), createClient(connectionOf(there, undefined, "test"))];
  }, 600_000);

  // On the shared servers others have objects too.
  const tag = randomUUID().slice(0, 8);
  const pool = `etl-${tag}`;
  const block = `password-${tag}`;
  const deployment = `hello/prod-${tag}`;

  /** Which of the three objects each server has. */
  const found = () =>
    Promise.all(
      clients.map(async (client) => {
        const objects = [
          await readWorkPool(client, pool),
          await readBlockByName(client, "secret", block, { secrets: false }),
          await readDeploymentByName(client, deployment),
        ];
        return objects.map((object) => object !== undefined);
      }),
    );

  function stack() {
    const dir = join(scratch(), "data");
    mkdirSync(dir);
    symlinkSync(join(__dirname, "..", "..", "..", "node_modules"), join(dir, "node_modules"));
    writeFileSync(join(dir, "Pulumi.yaml"), "name: data\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n");
    const { PREFECT_API_URL: _, ...env } = process.env;
    const made = offlineStack({
      projectDir: dir,
      home: join(dir, "..", "home"),
      env: { ...env, HOME: dir, PULUMI_CONFIG_PASSPHRASE: "" },
    });
    return {
      up: (connection: string, suffix: string, adopt = false) => {
        const more = adopt ? "adoptExisting: true," : "";
        writeFileSync(
          join(dir, "index.js"),
          `const prefect = require("pushpool/prefect");
          const provider = new prefect.Connection("prefect", ${connection});
          new prefect.PrefectWorkPool("pool${suffix}", { workPoolName: "${pool}", ${more} type: "process:push" }, { provider });
          new prefect.PrefectBlock("block${suffix}", { blockTypeSlug: "secret", blockName: "${block}", ${more} data: { value: "hidden-1" } }, { provider });
          new prefect.PrefectDeployment("deployment${suffix}", { deploymentName: "${deployment}", ${more} entrypoint: "f.py:f" }, { provider });`,
        );
        return made.up();
      },
      destroy: () => made.destroy(),
    };
  }

  test("following the message's advice keeps them; another URL moves them, with each server's key", async () => {
    const { up, destroy } = stack();
    const a = `{ apiUrl: "${here}", authString: "${PASSWORD}" }`;
    await up(a, "");
    await expect(up(a, "-new")).rejects.toThrow(/already exists.*adoptExisting: true/);
    expect(await up(a, "-new", true)).toMatchObject({ changes: { create: 3, delete: 3 } });
    expect(await found()).toEqual([
      [true, true, true],
      [false, false, false],
    ]);
    expect(await up(a, "-new", true)).toMatchObject({ unchanged: true });
    // The way back.
    await up(a, "", true);
    expect((await found())[0]).toEqual([true, true, true]);

    expect(await up(`{ apiUrl: "${there}" }`, "", true)).toMatchObject({ changes: { replace: 3, update: 1 } });
    expect(await found()).toEqual([
      [false, false, false],
      [true, true, true],
    ]);
    expect(await up(`{ apiUrl: "${there}" }`, "", true)).toMatchObject({ unchanged: true });
    // The same server under another URL.
    await up(`{ apiUrl: "${there.replace("127.0.0.1", "localhost")}/" }`, "");
    expect((await found())[1]).toEqual([true, true, true]);
    await destroy();
    expect((await found())[1]).toEqual([false, false, false]);
  });
});
