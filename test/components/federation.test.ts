import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { ContainerInstancePushPool, FederatedServicePrincipal, PushServicePrincipal } from "../../components/azure";
import { type FederationArgs, trustOf } from "../../components/federation";
import { CloudRunPushPool, PushServiceAccount, WorkloadIdentityFederation } from "../../components/gcp";
import { mockPulumi, settled } from "./mocks";

beforeAll(mockPulumi);
afterEach(() => pulumi.runtime.setAllConfig({}));

const OF = { type: "CloudRunPushPool", name: "etl" };
const GITHUB = "https://token.actions.githubusercontent.com";
const ETL = { repository: "acme/etl" };

describe("whom a pool trusts", () => {
  test.each<[string, FederationArgs, string, string[], object]>([
    ["all jobs of a repository", { github: ETL }, GITHUB, ["repo:acme/etl:*"], { repository: "acme/etl" }],
    ["a branch", { github: { ...ETL, branch: "main" } }, GITHUB, ["repo:acme/etl:ref:refs/heads/main"], {}],
    // https://docs.github.com/en/actions/reference/security/oidc: a colon is %3A in the subject.
    [
      "an environment with a colon",
      { github: { ...ETL, environment: "Production:V1" } },
      GITHUB,
      ["repo:acme/etl:environment:Production%3AV1"],
      {},
    ],
    ["an issuer with a slash at its end", { issuer: "https://acme.auth0.com/", subjects: ["a"] }, "https://acme.auth0.com/", ["a"], {}],
    ["an environment", { github: { ...ETL, environment: "prod" } }, GITHUB, ["repo:acme/etl:environment:prod"], {}],
    [
      "immutable subjects",
      { github: { ...ETL, ownerId: "1", repositoryId: "2", branch: "main" } },
      GITHUB,
      ["repo:acme@1/etl@2:ref:refs/heads/main"],
      {},
    ],
    ["its number", { github: { ...ETL, ownerId: "1", repositoryId: "2" } }, GITHUB, ["repo:acme@1/etl@2:*"], { repository_id: "2" }],
    [
      "an own server",
      { github: { ...ETL, server: "https://git.acme.com/" } },
      "https://git.acme.com/_services/token",
      ["repo:acme/etl:*"],
      ETL,
    ],
    [
      "a GitLab project",
      { gitlab: { project: "acme/data/etl" } },
      "https://gitlab.com",
      ["project_path:acme/data/etl:*"],
      { project_path: "acme/data/etl" },
    ],
    [
      "its branch",
      { gitlab: { project: "acme/etl", branch: "main", server: "https://lab.acme.com" } },
      "https://lab.acme.com",
      ["project_path:acme/etl:ref_type:branch:ref:main"],
      {},
    ],
    ["another issuer", { issuer: "https://oidc.acme.com/x", subjects: ["a", "b"] }, "https://oidc.acme.com/x", ["a", "b"], {}],
    ["logins", { logins: ["user:ada@acme.com"] }, "", [], {}],
  ])("%s", (_, args, issuer, subjects, claims) => {
    expect(trustOf("federation", args, OF)).toMatchObject({ issuer, subjects, claims });
  });

  test.each<[string, FederationArgs, RegExp]>([
    ["nobody", {}, /^federation is empty, so nobody may submit: give github, gitlab, issuer with subjects, or logins$/],
    ["two issuers", { github: ETL, gitlab: { project: "a/b" } }, /^federation\.github and federation\.gitlab cannot both be given/],
    [
      "a pattern of repositories",
      { github: { repository: "acme/*" } },
      /^federation\.github\.repository "acme\/\*" must be one repository.*anyone can make a repository/,
    ],
    ["only an owner", { github: { repository: "acme" } }, /^federation\.github\.repository "acme" must be one repository/],
    ["a pattern of branches", { github: { ...ETL, branch: "*" } }, /^federation\.github\.branch "\*" must be exact/],
    [
      "branch and environment",
      { github: { ...ETL, branch: "a", environment: "b" } },
      /branch and federation\.github\.environment cannot both be given/,
    ],
    ["half of the numbers", { github: { ...ETL, ownerId: "1" } }, /ownerId and federation\.github\.repositoryId must be given together/],
    ["no number", { github: { ...ETL, ownerId: "acme", repositoryId: "1" } }, /^federation\.github\.ownerId "acme" must be a number/],
    ["a group of GitLab", { gitlab: { project: "acme" } }, /^federation\.gitlab\.project "acme" must be the path of one project/],
    [
      "a whole issuer",
      { issuer: "https://oidc.acme.com" },
      /^federation\.subjects is missing: without it the pool is open to everybody with a token of/,
    ],
    [
      "a whole public issuer",
      { issuer: GITHUB, subjects: ["*"] },
      /^federation\.subjects "\*" must be exact.*anyone can get a token of this issuer$/,
    ],
    [
      "an issuer without TLS",
      { issuer: "http://oidc.acme.com", subjects: ["a"] },
      /^federation\.issuer "http:\S+ must be the https URL of an OIDC issuer/,
    ],
    ["subjects without an issuer", { github: ETL, subjects: ["a"] }, /^federation\.subjects needs federation\.issuer/],
    [
      "two places of tokens",
      { github: ETL, tokenFile: "a", tokenVariable: "b" },
      /^federation\.tokenFile and federation\.tokenVariable cannot both be given/,
    ],
    ...["HTTPS://oidc.acme.com", "https://OIDC.acme.com/x"].map((issuer): [string, FederationArgs, RegExp] => [
      `an issuer as no token has it: ${issuer}`,
      { issuer, subjects: ["a"] },
      /^federation\.issuer ".*" must begin with https:\/\/oidc\.acme\.com$/,
    ]),
    ["a public issuer with a slash", { issuer: `${GITHUB}/`, subjects: ["a"] }, /its tokens have no slash at the end$/],
    ...["https://a.b?x=1", "https://a.b#x", "https://u:p@a.b", "https://a.b/'x"].map((issuer): [string, FederationArgs, RegExp] => [
      `more than an issuer: ${issuer}`,
      { issuer, subjects: ["a"] },
      /^federation\.issuer must be the https URL of an OIDC issuer.*: it has no user/,
    ]),
    [
      "an issuer of another protocol",
      { issuer: "ftp://localhost/x", subjects: ["a"] },
      /^federation\.issuer "ftp:\S+ must be the https URL/,
    ],
    ["an issuer with a line break", { issuer: "https://a.b\n", subjects: ["a"] }, /must not begin or end with a blank/],
    ["a subject with a line break", { issuer: "https://a.b", subjects: ["a\nb"] }, /subjects\[0\] .* must not have control characters/],
    ["a subject that reads otherwise", { issuer: "https://a.b", subjects: ["\u202ea"] }, /must not have control characters/],
    ["a subject with a blank", { issuer: "https://a.b", subjects: ["a "] }, /subjects\[0\] "a " must not begin or end with a blank/],
    ["no subject", { issuer: "https://a.b", subjects: [null as never] }, /^federation\.subjects\[0\] must not be null/],
    [
      "a subject that is not known yet",
      { issuer: "https://a.b", subjects: [pulumi.output("*") as never] },
      /^federation\.subjects\[0\] must be a string that is known when the program runs/,
    ],
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    ["a variable of a policy", { issuer: "https://a.b", subjects: ["$" + "{aws:username}"] }, /must be exact/],
    ["a pattern of audiences", { github: ETL, audience: "a*" }, /^federation\.audience "a\*" must be exact/],
    ["several audiences", { github: ETL, audience: ["a", "b"] as never }, /^federation\.audience must be a string .*, not a list$/],
    [
      "a reference for a branch",
      { github: { ...ETL, branch: "refs/heads/main" } },
      /^federation\.github\.branch .* without refs\/heads\/$/,
    ],
    [
      "a server that is not a URL",
      { github: { ...ETL, server: "git.acme.com" } },
      /^federation\.github\.server "git.acme.com" must be the https URL/,
    ],
    [
      "a server without TLS",
      { gitlab: { project: "a/b", server: "http://lab.acme.com" } },
      /^federation\.gitlab\.server .* must be the https/,
    ],
    ["a server that is a number", { github: { ...ETL, server: 5 as never } }, /^federation\.github\.server must be a string/],
    ["github.com as an own server", { github: { ...ETL, server: "https://github.com" } }, /must be left out for github\.com$/],
    ["a token of a file of the cloud", { github: ETL, tokenUrl: "file:///etc/passwd" }, /^federation\.tokenUrl .* must begin with http/],
    [
      "a variable with a blank",
      { github: ETL, tokenVariable: "A B" },
      /^federation\.tokenVariable "A B" is not a valid environment variable name$/,
    ],
    ["a home", { github: ETL, tokenFile: "~/token" }, /^federation\.tokenFile "~\/token" must be a path without ~/],
    ["no login", { logins: [null as never] }, /^federation\.logins\[0\] must not be null/],
    ["an unknown argument", { githubb: ETL } as FederationArgs, /federation\.githubb is unknown/],
  ])("refused: %s", (_, args, says) => {
    expect(() => trustOf("federation", args, OF)).toThrow(says);
  });
});

const PLACE = { project: "acme", region: "europe-west1" };
const FLOWS = "flows@acme.iam.gserviceaccount.com";

describe("Google Cloud", () => {
  test.each([
    ["no federation", { credentials: "federated" as const }, /^federation is missing: federated credentials need it/],
    ["federation with a key", { federation: { github: ETL } }, /^federation needs federated credentials/],
    [
      "a block",
      { credentialsBlock: "gcp-credentials/x", federation: { github: ETL } },
      /^credentialsBlock and federation cannot both be given/,
    ],
    [
      "a login without its kind",
      { credentials: "federated" as const, federation: { logins: ["ada@acme.com"] } },
      /^federation\.logins\[0\] "ada@acme\.com" must begin with its kind/,
    ],
    [
      "a long subject",
      { credentials: "federated" as const, federation: { issuer: "https://a.b", subjects: ["s".repeat(128)] } },
      /^federation: Google accepts subjects of at most 127 bytes/,
    ],
  ])("refused: %s", (_, args, says) => {
    expect(() => new CloudRunPushPool("etl", { ...PLACE, ...args })).toThrow(says);
  });

  test("a stack that forbids keys refuses what would make one", () => {
    pulumi.runtime.setAllConfig({ "pushpool:keys": "forbidden" });
    expect(() => new CloudRunPushPool("etl", PLACE)).toThrow(
      /^the pool would make a key, and this stack forbids keys \(pushpool:keys\): give credentials: Credentials\.Federated/,
    );
    expect(() => new PushServiceAccount("etl", { ...PLACE, runtimeServiceAccount: FLOWS } as never)).toThrow(/unknown|would make a key/);
    new CloudRunPushPool("own", { ...PLACE, credentials: "ambient" });
    new CloudRunPushPool("jobs", { ...PLACE, credentials: "federated", federation: { github: ETL } });
    pulumi.runtime.setAllConfig({ "pushpool:keys": "never" });
    expect(() => new CloudRunPushPool("etl", PLACE)).toThrow(
      /^the setting pushpool:keys of this stack must be forbidden or allowed, not "never"$/,
    );
  });

  test("the manifest has the trust and no secret", async () => {
    const { definition } = new CloudRunPushPool("etl", {
      ...PLACE,
      credentials: "federated",
      federation: { github: ETL, logins: ["user:a@b.c"] },
    });
    const { value, secrets } = await settled(definition.blocks);
    expect(secrets).toEqual([]);
    expect(value).toMatchObject({
      "gcp-credentials/etl": {
        data: { project: "acme" },
        federation: {
          issuer: GITHUB,
          subjects: ["repo:acme/etl:*"],
          token: { from: "github" },
          ownLogin: true,
          externalAccount: { type: "external_account" },
        },
      },
    });
  });

  test("as a component of its own", async () => {
    const push = new WorkloadIdentityFederation("etl-push", {
      project: "acme",
      runtimeServiceAccount: FLOWS,
      federation: { github: ETL },
      serviceAccount: FLOWS,
    });
    expect((await settled(push.federation)).value).toMatchObject({ actsAs: FLOWS, issuer: GITHUB });
  });
});

const SUBSCRIPTION = "22222222-2222-4222-8222-222222222222";
const FLOWS_OF_AZURE = { subscriptionId: SUBSCRIPTION, resourceGroupName: "flows" };

describe("Azure", () => {
  const federated = { ...FLOWS_OF_AZURE, credentials: "federated" as const };
  test.each([
    ["no federation", federated, /^federation is missing: federated credentials need it/],
    ["federation with a secret", { ...FLOWS_OF_AZURE, federation: { github: ETL } }, /^federation needs federated credentials/],
    [
      "a block",
      { ...FLOWS_OF_AZURE, credentialsBlock: "azure-container-instance-credentials/x", federation: { github: ETL } },
      /^credentialsBlock and federation cannot both be given/,
    ],
    [
      "when a secret ends",
      { ...federated, federation: { github: { ...ETL, branch: "main" } }, secretEndDate: "2027-06-30T00:00:00Z" },
      /^credentials federated and secretEndDate cannot both be given: federated makes no secret$/,
    ],
    [
      "a whole repository",
      { ...federated, federation: { github: ETL } },
      /^federation\.github needs branch or environment: Azure compares whole subjects\. For several, give issuer: "https:\/\/token\.actions/,
    ],
    ["a whole project", { ...federated, federation: { gitlab: { project: "a/b" } } }, /^federation\.gitlab needs branch: Azure compares/],
    [
      "logins",
      { ...federated, federation: { github: { ...ETL, branch: "main" }, logins: ["user/x"] } },
      /^federation\.logins is not for Azure/,
    ],
    [
      "21 subjects",
      { ...federated, federation: { issuer: "https://a.b", subjects: Array.from({ length: 21 }, (_, index) => `s${index}`) } },
      /^federation\.subjects: an application of Azure trusts at most 20 subjects, and there are 21$/,
    ],
    [
      "a long subject",
      { ...federated, federation: { issuer: "https://a.b", subjects: ["s".repeat(601)] } },
      /^federation: Azure accepts issuers and subjects of at most 600 characters/,
    ],
  ])("refused: %s", (_, args, says) => {
    expect(() => new ContainerInstancePushPool("etl", args)).toThrow(says);
  });

  test("a stack that forbids keys refuses what would make a secret", () => {
    pulumi.runtime.setAllConfig({ "pushpool:keys": "forbidden" });
    expect(() => new ContainerInstancePushPool("etl", FLOWS_OF_AZURE)).toThrow(/^the pool would make a key, and this stack forbids keys/);
    expect(() => new PushServicePrincipal("etl", FLOWS_OF_AZURE)).toThrow(
      /^this component would make a key.*use FederatedServicePrincipal/,
    );
    new ContainerInstancePushPool("own", { ...FLOWS_OF_AZURE, credentials: "ambient" });
    new ContainerInstancePushPool("jobs", { ...federated, federation: { github: { ...ETL, branch: "main" } } });
  });

  test("the manifest has the trust and no secret", async () => {
    const { definition } = new ContainerInstancePushPool("etl", {
      ...federated,
      federation: { issuer: GITHUB, subjects: ["repo:acme/etl:ref:refs/heads/a", "b", "b"], audience: "pushpool" },
    });
    const { value, secrets } = await settled(definition.blocks);
    expect(secrets).toEqual([]);
    const block = (value as Record<string, { data: object }>)["azure-container-instance-credentials/etl"];
    expect(block).toMatchObject({
      federation: { issuer: GITHUB, audience: "pushpool", subjects: ["repo:acme/etl:ref:refs/heads/a", "b"], token: { from: "github" } },
    });
    expect(Object.keys(block?.data ?? {}).sort()).toEqual(["client_id", "tenant_id"]);
  });

  test("as a component of its own", async () => {
    const push = new FederatedServicePrincipal("etl-push", {
      ...FLOWS_OF_AZURE,
      federation: { gitlab: { project: "a/b", branch: "main" } },
    });
    expect((await settled(push.federation)).value).toMatchObject({
      audience: "api://AzureADTokenExchange",
      token: { from: "environment", variable: "PUSHPOOL_ID_TOKEN" },
    });
  });
});
