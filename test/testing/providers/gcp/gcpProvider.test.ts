import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../../src/json";
import { type FakeGoogleCloud, type Found, gcpProvider, type StandInResource, startFakeGoogleCloud } from "../../../../src/testing";
import { provisioned } from "../../../e2e/clouds/gcp";

// Each resource type alone: the fake has what it creates, it reads changes there, and deleted resources no longer exist.

const SA = "roles/logging.viewer";
const PLACE = { project: "acme", location: "europe-west1", region: "europe-west1" };
const member = "user:ada@acme.com";
const accountId = "projects/acme/serviceAccounts/flow-runtime@acme.iam.gserviceaccount.com";

interface Case {
  inputs: JsonObject;
  /** Someone changes it, and which outputs then differ. Absent: it can only be deleted. */
  drift?: [change: (google: FakeGoogleCloud, id: string) => void, seen: JsonObject];
  /** Someone deletes it. */
  gone: (google: FakeGoogleCloud, id: string) => void;
}

const unbound = ({ world }: FakeGoogleCloud) => {
  world.iam.bindings = world.iam.bindings.filter((each) => each.member !== member);
};
const keptGone = ({ world }: FakeGoogleCloud) => world.kept.clear();
const keptHas = (more: JsonObject): Case["drift"] => [
  ({ world }) => {
    for (const [name, found] of world.kept) world.kept.set(name, { ...found, ...more });
  },
  more,
];

const CASES: Record<string, Case> = {
  "gcp:serviceaccount/account:Account": {
    inputs: { project: "acme", accountId: "etl-push", displayName: "Submits" },
    drift: [
      ({ world }) => Object.assign(world.iam.accounts.get("etl-push@acme.iam.gserviceaccount.com") ?? {}, { displayName: "Mine" }),
      { displayName: "Mine" },
    ],
    gone: ({ world }) => world.iam.accounts.delete("etl-push@acme.iam.gserviceaccount.com"),
  },
  "gcp:serviceaccount/key:Key": { inputs: { serviceAccountId: accountId }, gone: ({ world }) => world.iam.keys.clear() },
  "gcp:serviceaccount/iAMMember:IAMMember": {
    inputs: { serviceAccountId: accountId, role: "roles/iam.serviceAccountUser", member },
    gone: unbound,
  },
  "gcp:projects/iAMMember:IAMMember": { inputs: { project: "acme", role: SA, member }, gone: unbound },
  "gcp:projects/iAMCustomRole:IAMCustomRole": {
    inputs: { project: "acme", roleId: "submitter", title: "Submit", permissions: ["run.jobs.run"] },
    drift: [({ world }) => world.iam.roles.set("projects/acme/roles/submitter", ["run.jobs.get"]), { permissions: ["run.jobs.get"] }],
    gone: ({ world }) => world.iam.roles.clear(),
  },
  "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": {
    inputs: { project: "acme", workloadIdentityPoolId: "jobs", displayName: "Jobs" },
    drift: [
      ({ world }) => {
        for (const pool of world.identityPools.values()) pool.displayName = "Mine";
      },
      { displayName: "Mine" },
    ],
    gone: ({ world }) => world.identityPools.clear(),
  },
  "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": {
    inputs: {
      project: "acme",
      workloadIdentityPoolId: "given",
      workloadIdentityPoolProviderId: "github",
      attributeMapping: { "google.subject": "assertion.sub" },
      attributeCondition: "assertion.sub == 'a'",
      oidc: { issuerUri: "https://oidc.acme.com" },
    },
    drift: [
      ({ world }) => {
        for (const { providers } of world.identityPools.values())
          for (const provider of providers.values()) provider.attributeCondition = "true";
      },
      { attributeCondition: "true" },
    ],
    gone: ({ world }) => world.identityPools.clear(),
  },
  "gcp:projects/service:Service": {
    inputs: { project: "acme", service: "compute.googleapis.com", disableOnDestroy: true },
    gone: ({ world }) => world.services.delete("compute.googleapis.com"),
  },
  "gcp:secretmanager/secret:Secret": {
    inputs: { project: "acme", secretId: "key", replication: { auto: {} } },
    gone: ({ world }) => world.secrets.clear(),
  },
  "gcp:secretmanager/secretVersion:SecretVersion": {
    inputs: { secret: "projects/acme/secrets/given", secretData: "s" },
    gone: ({ world }) => {
      const versions = world.secrets.get("given") ?? {};
      for (const version of Object.keys(versions)) if (version !== "1") delete versions[version];
    },
  },
  "gcp:secretmanager/secretIamMember:SecretIamMember": {
    inputs: { project: "acme", secretId: "given", role: "roles/secretmanager.secretAccessor", member },
    gone: unbound,
  },
  "gcp:artifactregistry/repository:Repository": {
    inputs: { ...PLACE, repositoryId: "images", format: "DOCKER" },
    drift: keptHas({ format: "NPM" }),
    gone: keptGone,
  },
  "gcp:vpcaccess/connector:Connector": {
    inputs: { ...PLACE, name: "etl", network: "n", ipCidrRange: "10.8.0.0/28" },
    drift: keptHas({ ipCidrRange: "10.9.0.0/28" }),
    gone: keptGone,
  },
  "gcp:compute/network:Network": {
    inputs: { ...PLACE, name: "etl", autoCreateSubnetworks: false },
    drift: keptHas({ autoCreateSubnetworks: true }),
    gone: keptGone,
  },
  "gcp:compute/subnetwork:Subnetwork": {
    inputs: { ...PLACE, name: "etl", network: "n", ipCidrRange: "10.0.0.0/24" },
    drift: keptHas({ ipCidrRange: "10.1.0.0/24" }),
    gone: keptGone,
  },
};

let google: FakeGoogleCloud;
let resources: Readonly<Record<string, StandInResource>>;
beforeEach(async () => {
  const services = ["artifactregistry", "compute", "vpcaccess", "secretmanager", "iam", "cloudresourcemanager", "serviceusage"];
  google = await startFakeGoogleCloud({ services: services.map((name) => `${name}.googleapis.com`), secrets: { given: { 1: "s" } } });
  onTestFinished(() => google.stop());
  ({ resources } = gcpProvider(google));
});

const held = () => ({
  ...provisioned(google),
  kept: [...google.world.kept.keys()],
  identityPools: [...google.world.identityPools.values()].flatMap(({ name, state, providers }) => [
    ...(state === "ACTIVE" ? [name] : []),
    ...[...providers.values()].flatMap((each) => (each.state === "ACTIVE" ? [each.name] : [])),
  ]),
  services: [...google.world.services].sort(),
  given: google.world.secrets.get("given"),
});
function addPool(): void {
  const name = `projects/${google.world.numberOf("acme")}/locations/global/workloadIdentityPools/given`;
  google.world.identityPools.set(name, { name, state: "ACTIVE", disabled: false, providers: new Map() });
}
const asked = { urn: "", name: "x" };

test("every type is here", () => expect(Object.keys(CASES).sort()).toEqual(Object.keys(resources).sort()));

test.each(Object.entries(CASES))("%s", async (token, { inputs, drift, gone }) => {
  const type = resources[token] as StandInResource;
  if (token.endsWith(":Service")) google.world.services.delete("compute.googleapis.com");
  if (token.endsWith(":WorkloadIdentityPoolProvider")) addPool();
  const empty = structuredClone(held());
  const make = async (): Promise<Found & { outputs: JsonObject }> => {
    const { id, outputs } = await type.create({ ...type.defaults, ...inputs }, asked);
    return { id, outputs: { ...inputs, ...outputs } };
  };
  const read = (known: Found & { outputs: JsonObject }) => type.read?.(known.id, known.outputs, asked);

  const made = await make();
  expect(held()).not.toEqual(empty);
  for (const name of type.computed ?? []) if (made.outputs[name] !== undefined) expect(made.outputs[name]).not.toBeNull();
  const found = await read(made);
  expect(found?.id).toBe(made.id);
  expect(made.outputs).toMatchObject(found?.outputs ?? {});
  if (drift) {
    drift[0](google, made.id);
    expect((await read(made))?.outputs).toMatchObject(drift[1]);
  }
  await type.delete?.(made.id, made.outputs, asked);
  expect(held()).toEqual(empty);
  expect(await read(made)).toBeUndefined();
  // Already deleted: nothing to do.
  await type.delete?.(made.id, made.outputs, asked);

  // Google keeps the id of a deleted pool for 30 days.
  google.world.identityPools.clear();
  addPool();
  const again = await make();
  gone(google, again.id);
  expect(await read(again)).toBeUndefined();
});
