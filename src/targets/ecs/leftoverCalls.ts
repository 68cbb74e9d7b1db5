import type { ECSClient } from "@aws-sdk/client-ecs";
import type { SSMClient } from "@aws-sdk/client-ssm";
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
  /** One page of what lies directly in a folder. @param folder without a slash at its end */
  listParameters(folder: string, token?: string, signal?: AbortSignal): Promise<Page<ParameterFacts>>;
  /** At most ten. One that is gone already is no error. */
  deleteParameters(names: string[], signal?: AbortSignal): Promise<void>;
  /** One page of the families that begin with a prefix, with active revisions or any. */
  listFamilies(prefix: string, status: "ACTIVE" | "ALL", token?: string, signal?: AbortSignal): Promise<Page<string>>;
  /** One page of a family's revisions, oldest first. */
  listDefinitions(family: string, status: DefinitionStatus, token?: string, signal?: AbortSignal): Promise<Page<string>>;
  /** At most ten, all inactive. @returns those that ECS did not delete, with its reason */
  deleteDefinitions(arns: string[], signal?: AbortSignal): Promise<{ arn: string; reason: string }[]>;
}

export type DefinitionStatus = "ACTIVE" | "INACTIVE";

interface Clients {
  repeated<T>(action: string, buckets: EcsBucket[], call: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  ecs(): Promise<{ sdk: typeof import("@aws-sdk/client-ecs"); client: ECSClient }>;
  ssm(): Promise<{ sdk: typeof import("@aws-sdk/client-ssm"); client: SSMClient }>;
}

export function leftoverCalls({ repeated, ecs, ssm }: Clients): LeftoverCalls {
  return {
    listParameters: (folder, token, signal) =>
      repeated(
        "ssm:DescribeParameters",
        [],
        async () => {
          const { sdk, client } = await ssm();
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
        },
        signal,
      ),
    deleteParameters: (Names, signal) =>
      repeated(
        "ssm:DeleteParameters",
        [],
        async () => {
          const { sdk, client } = await ssm();
          await client.send(new sdk.DeleteParametersCommand({ Names }));
        },
        signal,
      ),
    listFamilies: (familyPrefix, status, nextToken, signal) =>
      repeated(
        "ecs:ListTaskDefinitionFamilies",
        ["describeDefinition"],
        async () => {
          const { sdk, client } = await ecs();
          const reply = await client.send(new sdk.ListTaskDefinitionFamiliesCommand({ familyPrefix, status, nextToken }));
          return pageOf(reply.families ?? [], reply.nextToken);
        },
        signal,
      ),
    listDefinitions: (familyPrefix, status, nextToken, signal) =>
      repeated(
        "ecs:ListTaskDefinitions",
        ["describeDefinition"],
        async () => {
          const { sdk, client } = await ecs();
          const reply = await client.send(new sdk.ListTaskDefinitionsCommand({ familyPrefix, status, sort: "ASC", nextToken }));
          return pageOf(reply.taskDefinitionArns ?? [], reply.nextToken);
        },
        signal,
      ),
    deleteDefinitions: (taskDefinitions, signal) =>
      repeated(
        "ecs:DeleteTaskDefinitions",
        ["register"],
        async () => {
          const { sdk, client } = await ecs();
          const { failures = [] } = await client.send(new sdk.DeleteTaskDefinitionsCommand({ taskDefinitions }));
          return failures.map(({ arn = "", reason = "" }) => ({ arn, reason }));
        },
        signal,
      ),
  };
}
