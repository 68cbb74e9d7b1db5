import { expect, test } from "vitest";
import { awsPlace, provisioned } from "./awsPlace";

// What cannot be is said at `preview`, by the built command line: one message, the argument's path, exit code 2; AWS is not asked.

const CASES: [what: string, pool: string, message: RegExp][] = [
  ["no region", "", /region is missing: give it, as region: "eu-west-1", or set it for the stack: pulumi config set aws:region eu-west-1/],
  ["subnets without a VPC", `region, subnetIds: ["subnet-1"]`, /subnetIds need vpcId: name the VPC that they are in/],
  [
    "a private network with no way to the image",
    `region, network: "privateEndpoints", jobVariables: { image: "python:3.12" }`,
    /network privateEndpoints has no way to jobVariables\.image "python:3\.12": put it into a repository of ECR there/,
  ],
  ["contradictory arguments", `region, network: "public", vpcId: "vpc-1", subnetIds: ["subnet-1"]`, /network and vpcId exclude each other/],
  ["a name that AWS refuses", `region, logGroupName: "a b"`, /logGroupName "a b": AWS takes up to 512 letters/],
  ["an unknown job variable", `region, jobVariables: { memroy: 512 }`, /jobVariables\.memroy.*"memory"/],
];

test("bad input is refused at preview", async () => {
  const here = await awsPlace();
  const before = provisioned(here.aws);
  for (const [what, pool, message] of CASES) {
    here.program(`exports.pushPools = manifest({ pools: [new aws.EcsPushPool("etl", { ${pool} })] });`);
    const { status, stdout, stderr } = await here.run("preview", "--engine", "offline");
    expect([what, status, stdout, stderr]).toEqual([what, 2, "", expect.stringMatching(message)]);
    // The program's message and nothing else of it.
    expect([what, stderr.split("\n").filter((line) => message.test(line)).length, stderr]).toEqual([
      what,
      1,
      expect.not.stringMatching(/\n\s+at /),
    ]);
  }
  expect([provisioned(here.aws), here.aws.calls]).toEqual([before, []]);
}, 600_000);
