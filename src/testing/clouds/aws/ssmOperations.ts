import type { JsonObject } from "../../../json";
import { pageOf } from "../shared/replyPages";
import type { Call, Operation } from "./awsCall";
import { AwsError } from "./awsError";
import type { World } from "./awsWorld";

/** Parameter Store (https://docs.aws.amazon.com/systems-manager/latest/APIReference). */
export const SSM_OPERATIONS: readonly Operation[] = [
  operation("PutParameter", putParameter),
  operation("GetParameter", getParameter),
  operation("DeleteParameters", deleteParameters),
  operation("DescribeParameters", describeParameters),
];

function operation(name: string, handle: Operation["handle"]): Operation {
  return { action: `ssm:${name}`, shapes: { request: `${name}Request`, reply: `${name}Result` }, handle };
}

function putParameter({ world, principal, body }: Call): JsonObject {
  const name = String(body.Name);
  world.iam.check(principal, "ssm:PutParameter", arnOf(world, name));
  // At most 15 levels: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
  if (!/^(\/[a-zA-Z0-9_.-]+){1,15}$|^[a-zA-Z0-9_.-]+$/.test(name) || /^\/?(aws|ssm)/i.test(name))
    throw new AwsError("ValidationException", `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`);
  const before = world.parameters.get(name);
  if (before && body.Overwrite !== true)
    throw new AwsError(
      "ParameterAlreadyExists",
      "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    );
  const value = String(body.Value);
  if (value === "" || Buffer.byteLength(value) > 8192)
    throw new AwsError("ValidationException", "The parameter value is empty or too long.");
  if (String(body.Description ?? "").length > 1024) throw new AwsError("ValidationException", "The description is too long.");
  const version = (before?.version ?? 0) + 1;
  const description = body.Description === undefined ? {} : { description: String(body.Description) };
  world.parameters.set(name, { value, version, ...description, modifiedAt: Date.now() });
  return { Version: version, Tier: "Standard" };
}

function getParameter({ world, principal, body }: Call): JsonObject {
  const name = String(body.Name);
  world.iam.check(principal, "ssm:GetParameter", arnOf(world, name));
  const found = world.parameters.get(name);
  if (!found) throw new AwsError("ParameterNotFound", "");
  const Value = body.WithDecryption === true ? found.value : Buffer.from(`encrypted ${found.version}`).toString("base64");
  return { Parameter: { Name: name, Type: "SecureString", Value, Version: found.version, ARN: arnOf(world, name), DataType: "text" } };
}

function deleteParameters({ world, principal, body }: Call): JsonObject {
  const names = body.Names as string[];
  if (names.length < 1 || names.length > 10)
    throw new AwsError(
      "ValidationException",
      `1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to 10`,
    );
  for (const name of names) world.iam.check(principal, "ssm:DeleteParameters", arnOf(world, name));
  const there = names.filter((name) => world.parameters.delete(name));
  return { DeletedParameters: there, InvalidParameters: names.filter((name) => !there.includes(name)) };
}

/** It does not return values. */
function describeParameters({ world, principal, body }: Call): JsonObject {
  world.iam.check(principal, "ssm:DescribeParameters", `arn:${world.partition}:ssm:${world.options.region}:${world.options.account}:*`);
  const { ParameterFilters = [], MaxResults = 50, NextToken } = body as Described;
  if (MaxResults < 1 || MaxResults > 50) throw new AwsError("ValidationException", "MaxResults must be between 1 and 50.");
  const found = [...world.parameters].filter(([name]) => ParameterFilters.every((filter) => fits(name, filter)));
  const shown = pageOf(found, { size: MaxResults, token: NextToken, keyOf: ([name]) => name, names: "first" });
  if (!shown) throw new AwsError("InvalidNextToken", "The specified token isn't valid.");
  const { page, next } = shown;
  return {
    Parameters: page.map(([name, { version, description, modifiedAt }]) => ({
      Name: name,
      Type: "SecureString",
      Version: version,
      ...(description === undefined ? {} : { Description: description }),
      LastModifiedDate: (modifiedAt ?? 0) / 1000,
      Tier: "Standard",
      DataType: "text",
    })),
    ...(next === undefined ? {} : { NextToken: next }),
  };
}

interface Filter {
  Key: string;
  Option?: string;
  Values?: string[];
}

type Described = { ParameterFilters?: Filter[]; MaxResults?: number; NextToken?: string };

function fits(name: string, { Key, Option, Values = [] }: Filter): boolean {
  if (Key !== "Path") throw new AwsError("InvalidFilterKey", `The fake does not support a filter by ${Key}.`);
  if (Option !== "OneLevel" && Option !== "Recursive")
    throw new AwsError("InvalidFilterOption", `The filter option ${Option} isn't valid.`);
  return Values.some((value) => {
    if (!/^\/./.test(value) || value.endsWith("/")) throw new AwsError("InvalidFilterValue", "The filter value isn't valid.");
    const rest = name.startsWith(`${value}/`) ? name.slice(value.length + 1) : "";
    return rest !== "" && (Option === "Recursive" || !rest.includes("/"));
  });
}

function arnOf(world: World, name: string): string {
  return world.arn("ssm", `parameter${name.startsWith("/") ? name : `/${name}`}`);
}
