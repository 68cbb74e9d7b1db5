import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listen, placeWith } from "../e2e/pushpool";
import { until } from "../until";
import { fakeApi } from "./fakeApi";

test("run and deploy say after a few seconds that they retry a busy Prefect API", async () => {
  const { apiUrl } = await fakeApi(({ path }) =>
    path.endsWith("/version") || path.endsWith("/health")
      ? { status: 200, body: path.endsWith("/version") ? "3.8.8" : true }
      : { status: 503, body: "Service Unavailable" },
  );
  const place = placeWith({
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    prefect: { apiUrl },
    pools: {},
    blocks: {},
    variables: {},
    deployments: {},
  });
  writeFileSync(join(place.folder, "flow.py"), "from prefect import flow\n@flow\ndef hello(): pass\n");
  writeFileSync(join(place.folder, "prefect.yaml"), "deployments:\n- name: prod\n  entrypoint: flow.py:hello\n  work_pool: {name: etl}\n");
  const heard = [place.start("run", "hello/prod"), place.start("deploy", "--all")].map((child) => {
    onTestFinished(() => void child.kill("SIGKILL"));
    return listen(child);
  });
  const said = /the Prefect API at .*: trying again, \d+ tries in [\d.]+ s so far: it answered 503/;
  await until(() => heard.every(({ stderr }) => said.test(stderr())));
  expect(heard.map(({ stdout }) => stdout())).toEqual(["", ""]);
});
