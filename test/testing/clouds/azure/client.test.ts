import { expect, test } from "vitest";
import { until } from "../../../until";
import { azure, clientOf } from "./azure";

// The fake through the clients that users have.

const container = (script: string) => ({
  name: "flow",
  image: "python",
  command: ["sh", "-c", script],
  resources: { requests: { cpu: 1, memoryInGB: 1 } },
});
const group = (script: string, more = {}) => ({
  location: "westeurope",
  osType: "Linux",
  restartPolicy: "Never",
  containers: [container(script)],
  ...more,
});

test("a group runs its command, says how it ended, and is deleted", async () => {
  const fake = await azure();
  const client = clientOf(fake, fake.client("submitter", ["Contributor"]));
  await client.containerGroups.beginCreateOrUpdate(fake.resourceGroup, "one", group("echo hello; echo oops >&2; exit 3"));
  const ended = await until(async () => {
    const seen = await client.containerGroups.get(fake.resourceGroup, "one");
    return seen.instanceView?.state === "Failed" && seen;
  });
  expect(ended.containers[0]?.instanceView?.currentState).toMatchObject({ state: "Terminated", exitCode: 3, detailStatus: "Error" });
  const { content } = await client.containers.listLogs(fake.resourceGroup, "one", "flow");
  expect(content?.split("\n").sort()).toEqual(["", "hello", "oops"]);
  await client.containerGroups.beginDeleteAndWait(fake.resourceGroup, "one");
  await expect(client.containerGroups.get(fake.resourceGroup, "one")).rejects.toMatchObject({ statusCode: 404, code: "ResourceNotFound" });
});
