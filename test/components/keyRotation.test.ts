import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { EcsPushPool } from "../../components/aws";
import { ContainerInstancePushPool } from "../../components/azure";
import { CloudRunPushPool } from "../../components/gcp";
import { mockPulumi } from "./mocks";

// Each invalid `keyRotation`, on each cloud: one message that names the field. Nothing is registered before it.

let registered: string[];
beforeAll(() => {
  registered = mockPulumi();
});

type Args = Record<string, unknown>;
const POOLS: [name: string, block: string, pool: (args: Args) => unknown][] = [
  ["AWS", "aws-credentials/x", (args) => new EcsPushPool("etl", { region: "eu-west-1", ...args })],
  ["Google Cloud", "gcp-credentials/x", (args) => new CloudRunPushPool("etl", { project: "acme-data", region: "europe-west1", ...args })],
  [
    "Azure",
    "azure-container-instance-credentials/x",
    (args) =>
      new ContainerInstancePushPool("etl", {
        subscriptionId: "22222222-2222-4222-8222-222222222222",
        location: "westeurope",
        ...args,
      }),
  ],
];

const good = { everyDays: 90, overlapDays: 7 };
const federation = { github: { repository: "acme/etl", branch: "main" } };
const rows = (block: string): [string, Args, RegExp][] => [
  ["a number", { keyRotation: 90 }, /^keyRotation must be an object such as \{ name: value \}, not a number$/],
  ["an output for both", { keyRotation: pulumi.secret(good) }, /^keyRotation must be an object that is known .*, not an output$/],
  ["null", { keyRotation: null }, /^keyRotation must not be null/],
  ["nothing in it", { keyRotation: {} }, /^keyRotation\.everyDays is missing/],
  ["no overlap", { keyRotation: { everyDays: 90 } }, /^keyRotation\.overlapDays is missing/],
  ["an unknown field", { keyRotation: { ...good, every: 1 } }, /^keyRotation\.every is unknown: did you mean "everyDays"\?/],
  ["a string", { keyRotation: { ...good, everyDays: "90" } }, /^keyRotation\.everyDays must be a number of days.* not a string$/],
  ["an output", { keyRotation: { ...good, everyDays: pulumi.output(90) } }, /^keyRotation\.everyDays .* not an output$/],
  ["half a day", { keyRotation: { ...good, everyDays: 90.5 } }, /^keyRotation\.everyDays must be a whole number of days .* not 90\.5$/],
  ["no days", { keyRotation: { everyDays: 0, overlapDays: 0 } }, /^keyRotation\.everyDays .* from 1 to 36500, not 0$/],
  ["a century and more", { keyRotation: { ...good, everyDays: 36_501 } }, /^keyRotation\.everyDays .* not 36501$/],
  ["not a number", { keyRotation: { ...good, overlapDays: Number.NaN } }, /^keyRotation\.overlapDays .* from 0 to 36500, not NaN$/],
  ["a negative overlap", { keyRotation: { ...good, overlapDays: -1 } }, /^keyRotation\.overlapDays .* not -1$/],
  [
    "an overlap as long as a key",
    { keyRotation: { everyDays: 7, overlapDays: 7 } },
    /^keyRotation\.overlapDays 7 must be less than everyDays 7/,
  ],
  ["ambient credentials", { keyRotation: good, credentials: "ambient" }, /^keyRotation needs a key, and credentials "ambient" makes none/],
  [
    "federated credentials",
    { keyRotation: good, credentials: "federated", federation },
    /^keyRotation needs a key, and credentials "federated" makes none/,
  ],
  ["an existing block", { keyRotation: good, credentialsBlock: block }, /^credentialsBlock and keyRotation cannot both be given/],
];

describe.each(POOLS)("keyRotation on %s", (_, block, pool) => {
  test.each(rows(block))("%s", (__, args, message) => {
    expect(() => pool(args)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
    expect(registered).toEqual([]);
  });
});

test.each<[string, Args, RegExp]>([
  ["secrets that end before they change", { keyRotation: { everyDays: 724, overlapDays: 7 } }, /^keyRotation: .* at most 730 together/],
  ["one end for all secrets", { keyRotation: good, secretEndDate: "2027-06-30T00:00:00Z" }, /^keyRotation and secretEndDate cannot both/],
  ["another reason for a new secret", { keyRotation: good, secretVersion: "2" }, /^keyRotation and secretVersion cannot both/],
])("Azure: %s", (_, args, message) => {
  expect(() => POOLS[2]?.[2](args)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
  expect(registered).toEqual([]);
});
