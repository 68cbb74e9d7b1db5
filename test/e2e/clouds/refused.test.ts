import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AWS } from "./aws";
import { AZURE } from "./azure";
import { type Cloud, cloudPlace } from "./cloud";
import { GCP } from "./gcp";

// `preview` with the built command line refuses bad input: one message, the argument's path, exit code 2. The cloud gets no call.

/** Of an image that a pool builds. */
const DOCKERFILE = "FROM python:3.12-slim AS base\nFROM base AS runtime\nCOPY . .\n";

type Case = [what: string, args: string, message: RegExp];

/**
 * A program that tries all of the cases writes what each throws. Then it makes the first pool again, and does not catch the error.
 * @param late cases that are refused once an output is known: each needs its own preview
 */
function describeRefusals<Fake, Options>(cloud: Cloud<Fake, Options>, cases: readonly [Case, ...Case[]], late: readonly Case[] = []): void {
  test(`${cloud.name}: bad input is refused at preview`, async () => {
    const here = await cloudPlace(cloud);
    const before = here.provisioned();
    const pool = (args: string) => `new Pool("etl", { ${args} })`;
    const tried = `
const thrown = (make) => { try { make(); return "nothing"; } catch (error) { return { type: error.constructor.name, message: error.message }; } };
const cases = [${cases.map(([, args]) => `() => ${pool(args)}`).join(",\n")}];
require("node:fs").writeFileSync("thrown.json", JSON.stringify(cases.map(thrown)));`;
    for (const [what, args, message] of [cases[0], ...late]) {
      here.write("Dockerfile", DOCKERFILE);
      here.program(`${what === cases[0][0] ? tried : ""}
exports.pushPools = manifest({ pools: [${pool(args)}] });`);
      const { status, stdout, stderr } = await here.preview();
      expect([what, status, stdout, stderr]).toEqual([what, 2, "", expect.stringMatching(message)]);
      // Only the program's message.
      expect([what, stderr.split("\n").filter((line) => message.test(line)).length, stderr]).toEqual([
        what,
        1,
        expect.not.stringMatching(/\n\s+at /),
      ]);
    }
    const thrown = JSON.parse(readFileSync(join(here.folder, "thrown.json"), "utf8")) as unknown[];
    // The command line shows every error of this type alike.
    expect(cases.map(([what], n) => [what, thrown[n]])).toEqual(
      cases.map(([what, , message]) => [what, { type: "ResourceError", message: expect.stringMatching(message) }]),
    );
    expect([here.provisioned(), cloud.callsOf(here.fake)]).toEqual([before, []]);
  }, 600_000);
}

describeRefusals(AWS, [
  [
    "no region",
    "",
    /region is missing: give it, for example region: "eu-west-1", or set it for the stack: pulumi config set aws:region eu-west-1/,
  ],
  ["subnets without a VPC", `region, subnetIds: ["subnet-1"]`, /subnetIds needs vpcId: give the id of the VPC of these subnets/],
  [
    "a private network without a way to the image",
    `region, network: "privateEndpoints", jobVariables: { image: "python:3.12" }`,
    /network privateEndpoints cannot reach jobVariables\.image "python:3\.12": push it to a repository of ECR/,
  ],
  [
    "contradictory arguments",
    `region, network: "public", vpcId: "vpc-1", subnetIds: ["subnet-1"]`,
    /network and vpcId cannot both be given/,
  ],
  ["a name that AWS refuses", `region, logGroupName: "a b"`, /logGroupName "a b" is invalid: AWS accepts up to 512 letters/],
  ["an unknown job variable", `region, jobVariables: { memroy: 512 }`, /jobVariables\.memroy.*"memory"/],
  [
    "an image for other processors",
    `region, cpuArchitecture: "ARM64", image: { context: ".", platforms: ["linux/amd64"] }`,
    /image\.platforms must contain linux\/arm64, not only linux\/amd64: the tasks of this pool are ARM64/,
  ],
]);

describeRefusals(
  GCP,
  [
    [
      "no project",
      `region: "europe-west1"`,
      /project is missing: give it, for example project: "acme-data", or set it for the stack: pulumi config set gcp:project/,
    ],
    ["no region", `project: "acme"`, /region is missing: give it/],
    ["a project that Google refuses", `project: "Acme_1", region`, /project "Acme_1" is not a project id of Google Cloud/],
    ["a zone for a region", `project, region: "europe-west1-b"`, /region "europe-west1-b" is not a region.*a zone of europe-west1/],
    ["a given and a made network", `project, region, network: "direct", subnetwork: "x"`, /network and subnetwork cannot both be given/],
    [
      "a given block and an account",
      `project, region, credentialsBlock: "gcp-credentials/x", serviceAccount: "a@acme.iam.gserviceaccount.com"`,
      /credentialsBlock and serviceAccount cannot both/,
    ],
    [
      "an account from another project",
      `project, region, serviceAccount: "push@other.iam.gserviceaccount.com"`,
      /serviceAccount "push@other\.iam\.gserviceaccount\.com" is in project "other", but the pool is in "acme"/,
    ],
    ["an unknown job variable", `project, region, jobVariables: { memroy: "1Gi" }`, /jobVariables\.memroy.*"memory"/],
    [
      "an unknown stage",
      `project, region, image: { context: ".", target: "runtme" }`,
      /image\.target "runtme" is not a stage of "Dockerfile": did you mean "runtime"/,
    ],
  ],
  [
    [
      "a secret build argument",
      `project, region, image: { context: ".", args: { TOKEN: pulumi.secret("canary") } }`,
      /image\.args\.TOKEN is secret, but a build argument stays in the image's history: give it in image\.secrets/,
    ],
  ],
);

describeRefusals(AZURE, [
  [
    "no subscription",
    "location",
    /subscriptionId is missing: give it, as `az account show --query id` shows it, or set it for the stack: pulumi config set azure-native:/,
  ],
  ["no location", "subscriptionId", /location is missing: give it, for example location: "westeurope"/],
  ["a location of another cloud", `subscriptionId, location: "eu-west-1"`, /location "eu-west-1" is not a location of Azure/],
  ["a resource group that Azure refuses", `...place, resourceGroupName: "flows."`, /resourceGroupName "flows\." is invalid: Azure accepts/],
  ["a given and a made network", `...place, network: "privateNat", subnetId: "x"`, /network and subnetId cannot both be given/],
  ["a registry by its name", `...place, registryId: "acme"`, /registryId "acme" must be a resource id such as/],
  [
    "a given block and an application",
    `...place, credentialsBlock: "azure-container-instance-credentials/x", clientId: "x"`,
    /credentialsBlock and clientId cannot both/,
  ],
  ["a secret that has an odd end", `...place, secretEndDate: "2027"`, /secretEndDate "2027" must be a time such as 2027-06-30T00:00:00Z/],
  ["an unknown job variable", "...place, jobVariables: { memroy: 1 }", /jobVariables\.memroy.*"memory"/],
  [
    "an image's repository without its registry",
    `...place, jobVariables: {}, image: { context: ".", repository: "acme.azurecr.io/etl" }`,
    /image\.repository needs registryId/,
  ],
]);
