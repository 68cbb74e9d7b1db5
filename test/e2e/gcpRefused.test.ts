import { expect, test } from "vitest";
import { gcpPlace } from "./gcpPlace";

// What cannot be is said at `preview`, by the built command line: one message, the argument's path, exit code 2; Google is not asked.

const PLACE = `project: "acme", region: "europe-west1"`;
const CASES: [what: string, pool: string, message: RegExp][] = [
  [
    "no project",
    `region: "europe-west1"`,
    /project is missing: give it, as project: "acme-data", or set it for the stack: pulumi config set gcp:project/,
  ],
  ["no region", `project: "acme"`, /region is missing: give it/],
  ["a project that Google refuses", `${PLACE.replace("acme", "Acme_1")}`, /project "Acme_1" is no project id of Google Cloud/],
  ["a zone for a region", `${PLACE}-b"`.replace(`1"-b`, "1-b"), /region "europe-west1-b" is no region.*a zone of europe-west1/],
  ["a given and a made network", `${PLACE}, network: "direct", subnetwork: "x"`, /network and subnetwork exclude each other/],
  [
    "a given block and an account",
    `${PLACE}, credentialsBlock: "gcp-credentials/x", serviceAccount: "a@acme.iam.gserviceaccount.com"`,
    /credentialsBlock and serviceAccount exclude/,
  ],
  [
    "an account from another project",
    `${PLACE}, serviceAccount: "push@other.iam.gserviceaccount.com"`,
    /serviceAccount "push@other\.iam\.gserviceaccount\.com" is of project "other", and the pool is in "acme"/,
  ],
  ["an unknown job variable", `${PLACE}, jobVariables: { memroy: "1Gi" }`, /jobVariables\.memroy.*"memory"/],
];

test("bad input is refused at preview", async () => {
  const here = await gcpPlace();
  for (const [what, pool, message] of CASES) {
    here.program(`exports.pushPools = manifest({ pools: [new gcp.CloudRunPushPool("etl", { ${pool} })] });`);
    const { status, stdout, stderr } = await here.run("preview", "--engine", "offline");
    expect([what, status, stdout, stderr]).toEqual([what, 2, "", expect.stringMatching(message)]);
    // The program's message and nothing else of it.
    expect([what, stderr.split("\n").filter((line) => message.test(line)).length, stderr]).toEqual([
      what,
      1,
      expect.not.stringMatching(/\n\s+at /),
    ]);
  }
  expect(here.google.calls).toEqual([]);
}, 400_000);
