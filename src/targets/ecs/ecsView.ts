import type { JsonObject } from "../../json";
import type { TargetView } from "../targetView";
import { parseId, regionOfArn, taskIdOf } from "./ecsNames";

/** The consoles of AWS's partitions, by the first part of a task's ARN. Those of the isolated partitions are not public. */
const CONSOLES: Readonly<Record<string, (region: string) => string>> = {
  aws: (region) => `https://${region}.console.aws.amazon.com`,
  "aws-us-gov": (region) => `https://${region}.console.amazonaws-us-gov.com`,
  "aws-cn": (region) => `https://${region}.console.amazonaws.cn`,
  "aws-eusc": (region) => `https://${region}.console.amazonaws-eusc.eu`,
};

export const view: TargetView = {
  requests: ({ secrets, definition, runTask }) => {
    const { register, given } = (definition ?? {}) as JsonObject;
    const names = Object.keys((secrets ?? {}) as JsonObject);
    const taskDefinition = given ?? `the revision of ${String((register as JsonObject | undefined)?.family ?? "the family")}`;
    return [
      ...names.map((name) => ({
        call: "PutParameter",
        body: { Type: "SecureString", for: name, Value: (secrets as JsonObject)[name] ?? null },
      })),
      ...(register === undefined ? [] : [{ call: "RegisterTaskDefinition", body: register }]),
      { call: "RunTask", body: { ...((runTask ?? {}) as JsonObject), taskDefinition } },
    ];
  },
  consoleUrl: (id) => {
    const { cluster, task } = parseId(id);
    const [, partition = ""] = task.split(":");
    const region = regionOfArn(task);
    const console = Object.hasOwn(CONSOLES, partition) ? CONSOLES[partition] : undefined;
    if (console === undefined || region === undefined) return undefined;
    const name = cluster.slice(cluster.lastIndexOf("/") + 1);
    const path = `/ecs/v2/clusters/${encodeURIComponent(name)}/tasks/${encodeURIComponent(taskIdOf(task))}/configuration`;
    return `${console(region)}${path}?region=${encodeURIComponent(region)}`;
  },
};
