import * as pulumi from "@pulumi/pulumi";

interface Partition {
  /** The prefixes of its regions (https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html). */
  regions: string;
  id: string;
  /** The domain of its services. */
  domain: string;
  /** The prefix of the names of ECR's endpoint services there, from `aws ec2 describe-vpc-endpoint-services`. */
  registry: string;
}

const PARTITIONS: readonly Partition[] = [
  { regions: "cn-", id: "aws-cn", domain: "amazonaws.com.cn", registry: "cn.com.amazonaws" },
  { regions: "us-gov-", id: "aws-us-gov", domain: "amazonaws.com", registry: "com.amazonaws" },
  { regions: "us-isob-", id: "aws-iso-b", domain: "sc2s.sgov.gov", registry: "gov.sgov.sc2s" },
  { regions: "us-isof-", id: "aws-iso-f", domain: "csp.hci.ic.gov", registry: "gov.ic.hci.csp" },
  { regions: "eu-isoe-", id: "aws-iso-e", domain: "cloud.adc-e.uk", registry: "uk.adc-e.cloud" },
  { regions: "us-iso-", id: "aws-iso", domain: "c2s.ic.gov", registry: "gov.ic.c2s" },
  { regions: "eusc-", id: "aws-eusc", domain: "amazonaws.eu", registry: "eu.amazonaws" },
];
const COMMERCIAL: Partition = { regions: "", id: "aws", domain: "amazonaws.com", registry: "com.amazonaws" };

function partitionAt(region: string): Partition {
  return PARTITIONS.find(({ regions }) => region.startsWith(regions)) ?? COMMERCIAL;
}

/** The part of ARNs after `arn:`. */
export function partitionOf(region: string): string {
  return partitionAt(region).id;
}

/** Make an ARN in the partition of a region. */
export function arnIn(region: pulumi.Input<string>, rest: (region: string) => string): pulumi.Output<string> {
  return pulumi.output(region).apply((known) => `arn:${partitionOf(known)}:${rest(known)}`);
}

/** The ARN of a policy that AWS manages. */
export function managedPolicy(region: pulumi.Input<string>, name: string): pulumi.Output<string> {
  return arnIn(region, () => `iam::aws:policy/${name}`);
}

/** The base URL of STS in a region (https://docs.aws.amazon.com/general/latest/gr/sts.html). */
export function stsUrl(region: string): string {
  return `https://sts.${region}.${partitionAt(region).domain}/`;
}

/** The service name for a VPC endpoint. @param service such as `ecr.api`, `logs` */
export function endpointService(region: string, service: string): string {
  // Of the services that runs need, only ECR has another name in some partitions.
  const prefix = service.startsWith("ecr.") ? partitionAt(region).registry : "com.amazonaws";
  return `${prefix}.${region}.${service}`;
}
