import type { ECSClient } from "@aws-sdk/client-ecs";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { CallOptions } from "../cloud/calls";
import { type Page, pageOf } from "../cloud/pages";
import type { EcsBucket } from "./ecsBuckets";

/** A parameter of Parameter Store, without its value. */
export interface ParameterFacts {
  name: string;
  description: string;
  /** When it was last written, in milliseconds. */
  modifiedAt: number;
}

/** Calls that find and remove what runs leave behind. Each may throw an {@link AwsFailure}. */
export interface LeftoverCalls {
  /** One page of the parameters directly in a folder. @param folder without a trailing slash */
  listParameters(folder: string, token?: string, signal?: AbortSignal): Promise<Page<ParameterFacts>>;
  /** At most ten. A parameter that no longer exists is not an error. */
  deleteParameters(names: string[], signal?: AbortSignal): Promise<void>;
  /** One page of the families with a prefix, with active revisions or any. */
  listFamilies(prefix: string, status: "ACTIVE" | "ALL", token?: string, signal?: AbortSignal): Promise<Page<string>>;
  /** One page of a family's revisions, oldest first. */
  listDefinitions(family: string, status: DefinitionStatus, token?: string, signal?: AbortSignal): Promise<Page<string>>;
  /** At most ten, all inactive. @returns those that ECS did not delete, with its reason */
  deleteDefinitions(arns: string[], signal?: AbortSignal): Promise<{ arn: string; reason: string }[]>;
}

export type DefinitionStatus = "ACTIVE" | "INACTIVE";

/**
 * Call one of the SDK's clients, and repeat the call as long as that may help.
 * @param what the operation's name in IAM
 */
export type Repeat = <Client extends { client: { config: { credentials(): Promise<unknown> } } }, T>(
  client: () => Promise<Client>,
  what: string,
  options: CallOptions & { buckets?: EcsBucket[] },
  work: (client: Client) => Promise<T>,
) => Promise<T>;

interface Clients {
  repeat: Repeat;
  ecs(): Promise<{ sdk: typeof import("@aws-sdk/client-ecs"); client: ECSClient }>;
  ssm(): Promise<{ sdk: typeof import("@aws-sdk/client-ssm"); client: SSMClient }>;
}

export function leftoverCalls({ repeat, ecs, ssm }: Clients): LeftoverCalls {
  return {
    listParameters: (folder, token, signal) =>
      repeat(ssm, "ssm:DescribeParameters", { signal }, async ({ sdk, client }) => {
        const { Parameters = [], NextToken } = await client.send(
          new sdk.DescribeParametersCommand({
            ParameterFilters: [{ Key: "Path", Option: "OneLevel", Values: [folder] }],
            MaxResults: 50,
            ...(token === undefined ? {} : { NextToken: token }),
          }),
        );
        const parameters = Parameters.map(({ Name = "", Description = "", LastModifiedDate }) => ({
          name: Name,
          description: Description,
          modifiedAt: LastModifiedDate?.getTime() ?? Date.now(),
        }));
        return pageOf(parameters, NextToken);
      }),
    deleteParameters: (Names, signal) =>
      repeat(ssm, "ssm:DeleteParameters", { signal }, async ({ sdk, client }) => {
        await client.send(new sdk.DeleteParametersCommand({ Names }));
      }),
    listFamilies: (familyPrefix, status, nextToken, signal) =>
      repeat(ecs, "ecs:ListTaskDefinitionFamilies", { buckets: ["describeDefinition"], signal }, async ({ sdk, client }) => {
        const reply = await client.send(new sdk.ListTaskDefinitionFamiliesCommand({ familyPrefix, status, nextToken }));
        return pageOf(reply.families ?? [], reply.nextToken);
      }),
    listDefinitions: (familyPrefix, status, nextToken, signal) =>
      repeat(ecs, "ecs:ListTaskDefinitions", { buckets: ["describeDefinition"], signal }, async ({ sdk, client }) => {
        const reply = await client.send(new sdk.ListTaskDefinitionsCommand({ familyPrefix, status, sort: "ASC", nextToken }));
        return pageOf(reply.taskDefinitionArns ?? [], reply.nextToken);
      }),
    deleteDefinitions: (taskDefinitions, signal) =>
      repeat(ecs, "ecs:DeleteTaskDefinitions", { buckets: ["register"], signal }, async ({ sdk, client }) => {
        const { failures = [] } = await client.send(new sdk.DeleteTaskDefinitionsCommand({ taskDefinitions }));
        return failures.map(({ arn = "", reason = "" }) => ({ arn, reason }));
      }),
  };
}
