// A fake cloud in its own process, so that its cost does not count for its callers: `node fakeCloud.mjs
// google|aws|azure OPTIONS`.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { startFakeAws, startFakeAzure, startFakeGoogleCloud } = require("pushpool/testing");

async function google(options) {
  const cloud = await startFakeGoogleCloud(options);
  const { executions, clock } = cloud.world;
  return {
    cloud,
    facts: { url: cloud.url, key: cloud.serviceAccountKey("submitter"), runtimeAccount: cloud.runtimeAccount },
    nameOf: ({ method }) => method,
    runs: () => [...executions.keys()],
    shape: () => [...executions.keys()][0].replace(/\/executions\/.*/, ""),
    more: (n) => {
      const [[first, execution]] = executions;
      const name = `${first.slice(0, -5)}${n.toString(36).padStart(5, "0")}`;
      executions.set(name, { ...structuredClone(execution), name, createTime: clock.now() });
    },
  };
}

async function aws(options) {
  const cloud = await startFakeAws(options);
  const { url, region, endpoints, clusterArn, executionRoleArn } = cloud;
  const { tasks } = cloud.world;
  return {
    cloud,
    facts: { url, region, endpoints, clusterArn, executionRoleArn, key: cloud.accessKey("submitter") },
    nameOf: ({ action }) => action,
    runs: () => [...tasks.values()].map(({ record }) => `${record.clusterArn}::${record.taskArn}`),
    shape: () => [...tasks.values()][0].record.taskDefinitionArn,
    more: (n) => {
      const [[first, task]] = tasks;
      const taskArn = `${first.slice(0, -5)}${n.toString(16).padStart(5, "0")}`;
      tasks.set(taskArn, { ...task, record: { ...structuredClone(task.record), taskArn } });
    },
  };
}

async function azure(options) {
  const cloud = await startFakeAzure(options);
  const { url, ca, caFile, endpoints, subscription, resourceGroup, world } = cloud;
  const { groups } = world;
  return {
    cloud,
    // The bare script looks at its operation, too, which takes more than the role for container groups.
    facts: { url, ca, caFile, endpoints, subscription, resourceGroup, key: cloud.client("submitter", ["Contributor"]) },
    nameOf: ({ action }) => action,
    runs: () => [...groups.values()].map(({ id }) => id),
    shape: () => [...groups.values()][0].name,
    more: (n) => {
      const [[, first]] = groups;
      const name = `${first.name.slice(0, -8)}${n.toString(16).padStart(6, "0")}-1`;
      const id = `${first.id.slice(0, -first.name.length)}${name}`;
      groups.set(id.toLowerCase(), { ...first, name, id });
    },
  };
}

const [, , which, options] = process.argv;
const { cloud, facts, nameOf, runs, shape, more } = await { google, aws, azure }[which](JSON.parse(options));
process.send(facts);
process.on("message", (message) => {
  if (message === "calls") {
    const counted = {};
    for (const call of cloud.calls) counted[nameOf(call)] = (counted[nameOf(call)] ?? 0) + 1;
    cloud.calls.length = 0;
    process.send(counted);
  }
  if (message === "shape") process.send(shape());
  if (typeof message === "object") {
    // Copy the existing one: creating them by calls would take minutes, and change nothing.
    for (let n = 1; n < message.runs; n++) more(n);
    process.send(runs());
  }
  if (message === "stop") cloud.stop().then(() => process.exit(0));
});
