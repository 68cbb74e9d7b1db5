import { expect, test } from "vitest";
import { azurePlace, provisioned } from "./clouds/azure";

// What only pools on Azure have: a subscription that is not ready, a login that may not do everything, secrets that end.

const POOL = (more = "") => `
const etl = new Pool("etl", { ...place, imageRepository: true, ${more} });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo hello", jobVariables: { image: "acme/etl:1" } });
exports.ends = etl.secretEndsAt;
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`;

test("a login that may not give roles: up says so, and the next one continues from there", async () => {
  const here = await azurePlace({ roleDelay: 0 });
  const { access } = here.fake.world;
  const empty = here.provisioned();
  here.program(POOL(`permissions: "leastPrivilege"`));
  const [owner] = access.assignments;
  if (!owner) throw new Error("there is no owner");
  const contributor = access.definition("Contributor")?.name;
  access.assignments.splice(0, 1, { ...owner, roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${contributor}` });
  const denied = await here.up();
  expect([denied.status, denied.stderr]).toEqual([
    5,
    expect.stringMatching(/AuthorizationFailed.*perform action 'Microsoft\.Authorization\/role(Assignments|Definitions)\/write'/),
  ]);
  const half = here.provisioned();
  expect(half.resourceGroups).toHaveLength(2);
  access.assignments.splice(0, 1, owner);
  const up = await here.up();
  expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
  const whole = provisioned(here.fake);
  // Nothing is there twice.
  for (const kind of ["resourceGroups", "clients", "identities", "things"] as const)
    expect([kind, whole[kind]]).toEqual([kind, [...new Set(whole[kind])]]);
  expect([whole.clients.length, whole.secrets.length]).toEqual([2, 1]);
  expect(await here.run("run", "hello/prod")).toMatchObject({ status: 0, stdout: "hello\n" });
  expect((await here.destroy()).status).toBe(0);
  expect(here.provisioned()).toEqual(empty);
}, 400_000);

test("providers that are not registered: those of the parts are on their own, Container Instances with registerProvider", async () => {
  const here = await azurePlace({ providers: [] });
  here.program(POOL());
  expect((await here.up()).status).toBe(0);
  const { providers } = here.fake.world;
  expect([...providers]).toEqual(
    expect.arrayContaining([
      ["Microsoft.ManagedIdentity", true],
      ["Microsoft.ContainerRegistry", true],
    ]),
  );
  expect(await here.run("run", "hello/prod")).toMatchObject({
    status: 5,
    stderr: expect.stringContaining("az provider register --namespace Microsoft.ContainerInstance"),
  });
  here.program(POOL("registerProvider: true"));
  expect((await here.up()).status).toBe(0);
  expect(providers.get("Microsoft.ContainerInstance")).toBe(true);
  expect(await here.run("run", "hello/prod")).toMatchObject({ status: 0, stdout: "hello\n" });
  expect((await here.destroy()).status).toBe(0);
  expect(providers.get("Microsoft.ContainerInstance")).toBe(true);
}, 400_000);

test("another secretVersion makes a new secret before the old one goes; secretEndDate says when it ends", async () => {
  const here = await azurePlace();
  const secrets = () => [...here.fake.world.directory.clients.values()].flatMap((client) => client.secrets.map(({ keyId }) => keyId));
  here.program(POOL());
  expect((await here.up()).status).toBe(0);
  const [first] = secrets();
  const before = here.fake.calls.length;
  here.program(POOL(`secretVersion: "2"`));
  expect((await here.up()).status).toBe(0);
  expect([secrets().length, secrets()[0] === first]).toEqual([1, false]);
  const graph = here.fake.calls.slice(before).map(({ action }) => action);
  expect(graph.filter((action) => /Password$/.test(action))).toEqual([
    "graph/applications.addPassword",
    "graph/applications.removePassword",
  ]);
  expect(await here.run("run", "hello/prod")).toMatchObject({ status: 0, stdout: "hello\n" });

  here.program(POOL(`secretEndDate: "2099-06-30T00:00:00Z"`));
  const up = await here.up();
  expect([up.status, up.stdout]).toEqual([0, expect.stringContaining('ends: "2099-06-30T00:00:00Z"')]);
  expect((await here.up()).stderr).toContain("no changes");
}, 400_000);

test("destroy deletes what runs have left before the identity that they have", async () => {
  const here = await azurePlace();
  here.program(`
const etl = new Pool("etl", { ...place, imageRepository: true, resourceGroupName: "flows" });
const image = pulumi.interpolate\`\${etl.imageRepository}/etl:1\`;
const kept = new Deployment("hello/kept", { workPoolName: etl.workPoolName, command: "echo hello", jobVariables: { image, keep_container_group: true } });
exports.pushPools = manifest({ pools: [etl], deployments: [kept] });`);
  const empty = here.provisioned();
  expect((await here.up()).status).toBe(0);
  expect((await here.run("run", "hello/kept")).status).toBe(0);
  expect(here.fake.world.groups.size).toBe(1);
  const before = here.fake.calls.length;
  expect((await here.destroy()).status).toBe(0);
  const deleted = here.fake.calls.slice(before).flatMap(({ action }) => (/\/delete$/.test(action) ? [action.split("/").at(-2)] : []));
  expect(deleted.indexOf("containerGroups")).toBeLessThan(deleted.indexOf("userAssignedIdentities"));
  expect([deleted.filter((kind) => kind === "containerGroups").length, here.fake.world.groups.size]).toEqual([1, 0]);
  expect(here.provisioned()).toEqual(empty);
}, 400_000);

test("a sovereign cloud: the block says where to log in, and a registry's name where it is", async () => {
  const here = await azurePlace();
  here.configure({ "azure-native:environment": "usgovernment" });
  here.program(`
const id = "/subscriptions/" + subscriptionId + "/resourceGroups/shared/providers/";
const etl = new Pool("etl", { ...place, resourceGroupName: "flows", credentials: "ambient",
  registryId: id + "Microsoft.ContainerRegistry/registries/AcmeImages", pullIdentityId: id + "Microsoft.ManagedIdentity/userAssignedIdentities/pull" });
exports.repository = etl.imageRepository;
exports.pushPools = manifest({ pools: [etl] });`);
  expect(await here.up()).toMatchObject({ status: 0, stdout: expect.stringContaining('repository: "acmeimages.azurecr.us"') });
  const { blocks } = JSON.parse((await here.run("manifest", "show")).stdout) as { blocks: unknown };
  expect(blocks).toEqual({
    "azure-container-instance-credentials/etl": { data: { credential_kwargs: { authority: "login.microsoftonline.us" } } },
  });
}, 400_000);
