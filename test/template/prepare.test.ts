import { expect, test } from "vitest";
import { prepareJob } from "../../src/template";

const job = { command: null, env: { A: "1", B: null }, labels: {}, name: null, working_dir: "/w" };
const flowRun = { id: "r", name: "brave-fox" };
const labels = { "prefect.io/flow-run-id": "r", "prefect.io/flow-run-name": "brave-fox" };

test("without a Prefect API, no variable makes the command look for one", () => {
  const worker = { id: "w", name: "pushpool" };
  const prepared = prepareJob(job, { prefect: false, flowRun, prefectEnv: { PREFECT_API_URL: "http://prefect.test" }, worker });
  expect(prepared).toEqual({
    command: null,
    env: { A: "1" },
    labels: { ...labels, "prefect.io/worker-name": "pushpool" },
    name: "brave-fox",
    working_dir: "/w",
  });
});

test.each([
  [{ prefect: false, defaultCommand: "node run.mjs" }, "node run.mjs"],
  [{ prefect: true, defaultCommand: "python -m prefect.engine" }, "python -m prefect.engine"],
  [{ prefect: true }, "prefect flow-run execute"],
  [{ prefect: false }, null],
])("the default command: %j", (context, command) => {
  expect(prepareJob(job, { ...context, flowRun }).command).toBe(command);
  expect(prepareJob({ ...job, command: "true" }, { ...context, flowRun }).command).toBe("true");
});

test.each([
  ["2024-05-06T07:08:09Z", "2024-05-06T07:08:09+00:00"],
  ["2024-05-06T07:08:09.000000+00:00", "2024-05-06T07:08:09+00:00"],
  ["2024-05-06T07:08:09.12Z", "2024-05-06T07:08:09.120000+00:00"],
  ["2024-05-06T07:08:09.123456789Z", "2024-05-06T07:08:09.123456+00:00"],
  ["2024-05-06T00:30:00.5+02:00", "2024-05-05T22:30:00.500000+00:00"],
])("the time of the update, %s, becomes a label in Python's format and in UTC", (updated, label) => {
  const prepared = prepareJob(job, { prefect: true, flowRun, deployment: { name: "prod", updated } });
  expect(prepared.labels).toMatchObject({ "prefect.io/deployment-updated": label });
});
