import { expect, onTestFinished, test } from "vitest";
import { openWorkspace } from "../../src/workspace";
import { openRuns } from "../../src/workspaceRuns";
import { type AwsPlace, awsPlace, inwards } from "./clouds/aws";

// With each kind of created network, runs reach their image, secrets and log; if any one part is removed, they do not. The built command
// line creates the networks. The runs are started in this process, as dozens of processes would take minutes.

const PROGRAM = `
const secretEnv = { PASSWORD: "x" };
const jobVariables = { prefect_api_key_secret_arn: "arn:aws:secretsmanager:eu-west-1:111111111111:secret:prefect-AbCdEf" };
const pools = ["public", "privateNat", "privateEndpoints"].map((network) => new aws.EcsPushPool(network, { region, endpoints, network, secretEnv, jobVariables, imageRepository: true }));
const on = (pool, name, image) => new Deployment(name + "/" + pool.definition.name, { workPoolName: pool.workPoolName, command: "echo hello", jobVariables: { image } });
exports.pushPools = manifest({ pools, deployments: pools.flatMap((pool) =>
  [on(pool, "own", pulumi.interpolate\`\${pool.imageRepository}:1\`), on(pool, "hub", "python:3.12")]) });`;

type Ends = (deployment: string) => Promise<{ state: string; message: string }>;

async function endsOf(here: AwsPlace): Promise<Ends> {
  const runs = await openRuns({ workspace: openWorkspace({ cwd: here.folder, env: here.env }) });
  onTestFinished(() => runs.close());
  return async (deployment) => {
    const { run } = await runs.createRun({ deployment });
    const { state } = await runs.followRun(run.id, { logs: false });
    return { state: state.type, message: state.message ?? "" };
  };
}

test("public, private with a NAT gateway, private with endpoints: each reaches what it needs through the created network", async () => {
  const here = await awsPlace();
  here.program(PROGRAM);
  expect((await here.up()).status).toBe(0);
  const { things } = here.fake.world.surroundings;
  const ends = await endsOf(here);
  for (const pool of ["own/public", "hub/public", "own/privateNat", "hub/privateNat", "own/privateEndpoints"])
    expect([pool, await ends(pool)]).toEqual([pool, { state: "COMPLETED", message: expect.any(String) }]);
  // A network with endpoints only has no way to the internet.
  expect(await ends("hub/privateEndpoints")).toEqual({
    state: "CRASHED",
    message: expect.stringMatching(/CannotPullContainerError.*i\/o timeout/),
  });

  const without = async (is: (kind: string, properties: Record<string, unknown>) => boolean, deployment: string) => {
    const taken = [...things].filter(([, { kind, properties }]) => is(kind, properties));
    for (const [id] of taken) things.delete(id);
    const ended = await ends(deployment);
    for (const [id, thing] of taken) things.set(id, thing);
    return { taken: taken.length, ...ended };
  };
  const endpoint =
    (service: string) =>
    (kind: string, { ServiceName }: Record<string, unknown>) =>
      kind === "vpce" && String(ServiceName).endsWith(`.${service}`);
  const NEEDED: [what: string, is: Parameters<typeof without>[0], deployment: string, told: RegExp][] = [
    ["the internet gateways", (kind) => kind === "igw", "hub/public", /i\/o timeout/],
    ["the NAT gateway", (kind) => kind === "nat", "hub/privateNat", /i\/o timeout/],
    ["the NAT gateway's address", (kind) => kind === "eipalloc", "hub/privateNat", /i\/o timeout/],
    ["routes", (kind) => kind === "r", "own/privateNat", /connection issue between the task and Amazon ECR/],
    ["ecr.api", endpoint("ecr.api"), "own/privateEndpoints", /connection issue between the task and Amazon ECR/],
    ["ecr.dkr", endpoint("ecr.dkr"), "own/privateEndpoints", /CannotPullContainerError.*i\/o timeout/],
    ["s3", endpoint("s3"), "own/privateEndpoints", /CannotPullContainerError.*i\/o timeout/],
    ["ssm", endpoint("ssm"), "own/privateEndpoints", /secrets from ssm.*deadline exceeded/],
    ["secretsmanager", endpoint("secretsmanager"), "own/privateEndpoints", /secret from asm.*deadline exceeded/],
    ["logs", endpoint("logs"), "own/privateEndpoints", /Cloudwatch log stream.*deadline exceeded/],
  ];
  for (const [what, is, deployment, told] of NEEDED) {
    const { taken, state, message } = await without(is, deployment);
    expect([what, taken > 0, state, message]).toEqual([what, true, "CRASHED", expect.stringMatching(told)]);
  }
  // The endpoints' group admits only runs, and that rule is needed.
  expect(inwards(here.fake)).toHaveLength(1);
  const endpointSecurityGroup = [...things.values()].find(
    ({ kind, properties }) => kind === "sg" && (properties.SecurityGroupIngress as unknown[]).length > 0,
  );
  if (endpointSecurityGroup) endpointSecurityGroup.properties = { ...endpointSecurityGroup.properties, SecurityGroupIngress: [] };
  expect((await ends("own/privateEndpoints")).state).toBe("CRASHED");
}, 600_000);
