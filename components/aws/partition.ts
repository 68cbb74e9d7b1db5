import * as pulumi from "@pulumi/pulumi";

/** By how their regions begin (https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html). */
const PARTITIONS: readonly (readonly [string, string])[] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["us-isob-", "aws-iso-b"],
  ["us-isof-", "aws-iso-f"],
  ["eu-isoe-", "aws-iso-e"],
  ["us-iso-", "aws-iso"],
  ["eusc-", "aws-eusc"],
];

/** The part of ARNs after `arn:`. */
export function partitionOf(region: string): string {
  return PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? "aws";
}

/** An ARN of a region's partition, with the rest made of it. */
export function arnIn(region: pulumi.Input<string>, rest: (region: string) => string): pulumi.Output<string> {
  return pulumi.output(region).apply((known) => `arn:${partitionOf(known)}:${rest(known)}`);
}

/** A policy that AWS keeps. */
export function managedPolicy(region: pulumi.Input<string>, name: string): pulumi.Output<string> {
  return arnIn(region, () => `iam::aws:policy/${name}`);
}
