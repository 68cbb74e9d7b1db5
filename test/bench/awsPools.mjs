// ECS pools compared with the same resources declared directly.
import { createRequire } from "node:module";
import { join } from "node:path";
import { comparePools, root } from "./pools.mjs";

const require = createRequire(import.meta.url);
const { defaultTemplate } = require(join(root, "lib", "src", "template"));

const POOLS = 100;

/** Both use an existing network and cluster: an account may have only five VPCs in a region. */
const PLACE = `
const region = "eu-west-1";
const clusterArn = "arn:aws:ecs:eu-west-1:111111111111:cluster/flows";
const place = { vpcId: "vpc-1", subnetIds: ["subnet-1", "subnet-2"], securityGroupIds: ["sg-1"] };
`;

const OURS = `
const { manifest } = require("pushpool");
const { EcsPushPool } = require("pushpool/aws");
${PLACE}
const pools = [];
for (let n = 0; n < ${POOLS}; n++) pools.push(new EcsPushPool("pool" + n, { region, clusterArn, ...place, jobVariables: { image: "acme/etl:1" } }));
exports.pushPools = manifest({ pools });
`;

/** What a user would write for the same result: eight resources for each pool, their dependencies, and the template. */
const BARE = `
const pulumi = require("@pulumi/pulumi");
const { AccessKey, Policy, Role, RolePolicy, User, UserPolicyAttachment } = require("@pulumi/aws/iam");
const { LogGroup } = require("@pulumi/aws/cloudwatch");
const template = ${JSON.stringify(defaultTemplate("ecs:push"))};
${PLACE}
const allow = (...statements) => JSON.stringify({ Version: "2012-10-17", Statement: statements.map(([Action, ...Resource]) => ({ Effect: "Allow", Action, Resource })) });
const trust = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" }] });
exports.pools = {};
for (let n = 0; n < ${POOLS}; n++) {
  const parameters = "arn:aws:ssm:eu-west-1:*:parameter/pushpool/pool" + n + "/*";
  const logs = new LogGroup("logs" + n, { name: "/pushpool/pool" + n, retentionInDays: 30, region });
  const role = new Role("execution" + n, { assumeRolePolicy: trust, description: "ECS fetches images and writes logs as this: " + n });
  const fetching = new RolePolicy("fetching" + n, { role: role.name, policy: logs.arn.apply((arn) => allow(
    ["logs:CreateLogStream", arn + ":*"], ["logs:PutLogEvents", arn + ":*"], ["ecr:GetAuthorizationToken", "*"],
    ["ecr:BatchCheckLayerAvailability", "arn:aws:ecr:*:*:repository/*"], ["ecr:GetDownloadUrlForLayer", "arn:aws:ecr:*:*:repository/*"],
    ["ecr:BatchGetImage", "arn:aws:ecr:*:*:repository/*"], ["ssm:GetParameters", parameters])) });
  const user = new User("push" + n);
  const secrets = new Policy("secrets" + n, { policy: allow(["ssm:PutParameter", parameters]), description: "Secrets in the environment of flow runs on ECS" });
  const full = new UserPolicyAttachment("full" + n, { user: user.name, policyArn: "arn:aws:iam::aws:policy/AmazonECS_FullAccess" });
  const own = new UserPolicyAttachment("own" + n, { user: user.name, policyArn: secrets.arn });
  const key = new AccessKey("key" + n, { user: user.name }, { dependsOn: [full, own] });
  const properties = { ...template.variables.properties };
  const defaults = {
    image: "acme/etl:1", cluster: clusterArn, execution_role_arn: pulumi.all([role.arn, fetching.id]).apply(([arn]) => arn), vpc_id: place.vpcId,
    network_configuration: { subnets: place.subnetIds, securityGroups: place.securityGroupIds, assignPublicIp: "DISABLED" },
    configure_cloudwatch_logs: true, cloudwatch_logs_options: { "awslogs-group": logs.name, "awslogs-create-group": "false" },
  };
  for (const [name, value] of Object.entries(defaults)) properties[name] = { ...properties[name], default: value };
  exports.pools["pool" + n] = {
    baseJobTemplate: { ...template, variables: { ...template.variables, properties } },
    block: { createdAt: key.createDate, data: { aws_access_key_id: key.id, aws_secret_access_key: pulumi.secret(key.secret), region_name: region } },
  };
}
`;

const PROVIDERS = `
const { awsProvider, serveProvider, startFakeAws } = require("pushpool/testing");
startFakeAws().then(async (aws) => process.send({ aws: (await serveProvider(awsProvider(aws))).port }));
`;

/** @param bench its `report` takes a row of the table of `npm run bench` */
export async function benchAwsPools(bench) {
  await comparePools(bench, {
    cloud: "aws",
    called: "ECS",
    pools: POOLS,
    modules: ["cloudwatch", "ec2", "ecr", "ecs", "iam", "ssm", "getAvailabilityZones"].map((name) => `@pulumi/aws/${name}`),
    ours: OURS,
    bare: BARE,
    providers: PROVIDERS,
  });
}
