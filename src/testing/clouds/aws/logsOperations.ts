import type { JsonObject } from "../../../json";
import type { Call, Operation } from "./awsCall";
import { checkLogName } from "./awsLogStore";

/** CloudWatch Logs. */
export const LOGS_OPERATIONS: readonly Operation[] = [
  { ...onGroup("FilterLogEvents", ({ world, body }) => world.log.filter(body)), buckets: () => ["logs"] },
  onGroup("GetLogEvents", ({ world, body }) => world.log.get(body)),
  onGroup("CreateLogGroup", ({ world, body }) => world.log.create(body)),
  onGroup("CreateLogStream", ({ world, body }) => world.log.createStream(body)),
  onGroup("PutLogEvents", ({ world, body }) => world.log.put(body)),
  onGroup("DescribeLogStreams", ({ world, body }) => {
    const group = groupOf(body);
    return world.log.describeStreams(body as Record<string, string>, group, groupArn(world, group));
  }),
  {
    action: "logs:DescribeLogGroups",
    handle: ({ world, principal, body }) => {
      world.iam.check(principal, "logs:DescribeLogGroups", world.arn("logs", "log-group::log-stream:*"));
      return world.log.describeGroups(body, (name) => groupArn(world, name));
    },
  },
];

function onGroup(name: string, handle: (call: Call) => JsonObject): Operation {
  const action = `logs:${name}`;
  return {
    action,
    handle: (call) => {
      const { world, principal, body } = call;
      checkLogName("logGroupName", groupOf(body));
      if (typeof body.logStreamName === "string") checkLogName("logStreamName", body.logStreamName);
      world.iam.check(principal, action, `${groupArn(world, groupOf(body))}:*`);
      return handle(call);
    },
  };
}

function groupArn(world: Call["world"], name: string): string {
  return world.arn("logs", `log-group:${name}`);
}

/** The group's name, from its name or from an identifier, which is a name or an ARN. */
function groupOf({ logGroupName, logGroupIdentifier }: JsonObject): string {
  const given = String(logGroupName ?? logGroupIdentifier ?? "");
  return given.startsWith("arn:") ? given.slice(given.indexOf(":log-group:") + ":log-group:".length).replace(/:\*$/, "") : given;
}
