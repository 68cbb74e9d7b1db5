import { ClientAssertionCredential, ClientSecretCredential } from "@azure/identity";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type FakeAzure, REAL_AZURE_LIMITS } from "../../../../src/testing";
import { until } from "../../../until";
import { ask, azure, clientOf, groupCalls, groupOf } from "./azure";

// Who may call, how often, and what prevents it.

const SCOPE = "https://management.azure.com/.default";
const GROUPS = "Microsoft.ContainerInstance/containerGroups";

function loginOf(fake: FakeAzure) {
  return {
    authorityHost: fake.endpoints.login,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: fake.ca },
    retryOptions: { maxRetries: 0 },
  };
}

describe("logins", () => {
  test("a secret, and the ways in which it fails", async () => {
    const fake = await azure();
    const { tenant_id, client_id, client_secret } = fake.client("submitter");
    const login = (tenant: string, client: string, secret: string) =>
      new ClientSecretCredential(tenant, client, secret, loginOf(fake)).getToken(SCOPE);
    const { token, expiresOnTimestamp } = await login(tenant_id, client_id, client_secret);
    expect(expiresOnTimestamp - Date.now()).toBeGreaterThan(3_500_000);
    expect((await groupCalls(fake, "one", token).put(groupOf("true"))).status).toBe(201);
    await expect(login(tenant_id, client_id, "wrong")).rejects.toThrow(/AADSTS7000215: Invalid client secret provided/);
    await expect(login(tenant_id, "00000000-0000-4000-8000-000000000000", client_secret)).rejects.toThrow(/700016/);
    await expect(login("00000000-0000-4000-8000-000000000000", client_id, client_secret)).rejects.toThrow(/endpoints_resolution_error/);
    for (const secret of fake.world.directory.clients.get(client_id)?.secrets ?? []) secret.endAt = Date.now();
    await expect(login(tenant_id, client_id, client_secret)).rejects.toThrow(/AADSTS7000222/);
  });

  test("a new secret is not known at once", async () => {
    const fake = await azure({ keyDelay: 600_000 });
    const { client_id } = fake.client("submitter");
    const client = fake.world.directory.clients.get(client_id) as NonNullable<ReturnType<typeof fake.world.directory.clients.get>>;
    const secret = fake.world.directory.addSecret(client);
    const login = () => new ClientSecretCredential(fake.tenant, client_id, secret.text, loginOf(fake)).getToken(SCOPE);
    await expect(login()).rejects.toThrow(/AADSTS7000215/);
    secret.startAt -= 600_000;
    expect((await login()).token).not.toBe("");
  });

  test("a token of another issuer", async () => {
    const fake = await azure();
    const { client_id } = fake.client("submitter");
    const issuer = "https://token.actions.githubusercontent.com";
    const subject = "repo:acme@1/flows@2:ref:refs/heads/main";
    const login = (assertion: Parameters<typeof fake.assertion>[0]) =>
      new ClientAssertionCredential(fake.tenant, client_id, () => fake.assertion(assertion), loginOf(fake)).getToken(SCOPE);
    await expect(login({ issuer, subject })).rejects.toThrow(
      /AADSTS700211: No matching federated identity record found for presented assertion issuer/,
    );
    fake.world.directory.clients
      .get(client_id)
      ?.federated.push({ name: "github", issuer, subject, audiences: ["api://AzureADTokenExchange"], madeAt: 0 });
    await expect(login({ issuer, subject: "repo:acme/flows:ref:refs/heads/main" })).rejects.toThrow(/AADSTS700213/);
    await expect(login({ issuer, subject, audience: "me" })).rejects.toThrow(/AADSTS700212/);
    await expect(login({ issuer, subject, seconds: -1 })).rejects.toThrow(/AADSTS700024/);
    const { token } = await login({ issuer, subject });
    expect((await groupCalls(fake, "one", token).put(groupOf("true"))).status).toBe(201);
  });

  test("tokens that Resource Manager does not take", async () => {
    const fake = await azure({ tokenLifetime: 0 });
    const path = `${groupCalls(fake, "one").path}?api-version=2023-05-01`;
    expect(await ask(fake, "GET", path, undefined, "")).toMatchObject({ status: 401, body: { error: { code: "AuthenticationFailed" } } });
    const invalid = await ask(fake, "GET", path, undefined, "nonsense");
    expect(invalid).toMatchObject({
      status: 401,
      body: { error: { code: "InvalidAuthenticationToken", message: "The access token is invalid." } },
    });
    expect(invalid.headers["www-authenticate"]).toMatch(/^Bearer authorization_uri=/);
    expect(await ask(fake, "GET", path)).toMatchObject({ status: 401, body: { error: { code: "ExpiredAuthenticationToken" } } });
    const other = await azure();
    const graph = other.ownerToken("https://graph.microsoft.com");
    expect(await ask(other, "GET", path, undefined, graph)).toMatchObject({
      status: 401,
      body: { error: { code: "InvalidAuthenticationTokenAudience" } },
    });
  });
});

describe("roles", () => {
  test("without one, a call is refused with the action and the scope, whether the group exists or not", async () => {
    const fake = await azure();
    const credentials = fake.client("stranger", []);
    const client = clientOf(fake, credentials);
    await expect(client.containerGroups.get(fake.resourceGroup, "one")).rejects.toMatchObject({
      statusCode: 403,
      code: "AuthorizationFailed",
      message: `The client '${credentials.client_id}' with object id '${credentials.object_id}' does not have authorization to perform action '${GROUPS}/read' over scope '${fake.scope}/providers/${GROUPS}/one' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    });
  });

  test("the role for Container Instances does not let its holder watch operations, nor give identities away", async () => {
    const fake = await azure();
    const credentials = fake.client("submitter");
    const client = clientOf(fake, credentials);
    const group = { location: "westeurope", osType: "Linux", restartPolicy: "Never" };
    const containers = [{ name: "flow", image: "python", command: ["true"], resources: { requests: { cpu: 1, memoryInGB: 1 } } }];
    await expect(client.containerGroups.beginCreateOrUpdate(fake.resourceGroup, "one", { ...group, containers })).rejects.toMatchObject({
      code: "AuthorizationFailed",
      message: expect.stringContaining("Microsoft.ContainerInstance/locations/operations/read"),
    });
    expect(fake.world.groups.size).toBe(1);
    const identity = `${fake.scope}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller`;
    await ask(fake, "PUT", `${identity}?api-version=2023-01-31`, { location: "westeurope" });
    const body = { ...group, containers, identity: { type: "UserAssigned" as const, userAssignedIdentities: { [identity]: {} } } };
    await expect(client.containerGroups.beginCreateOrUpdate(fake.resourceGroup, "two", body)).rejects.toMatchObject({
      statusCode: 403,
      code: "LinkedAuthorizationFailed",
      message: expect.stringContaining(
        `'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) '${identity}'`,
      ),
    });
  });

  test("a custom role takes effect late", async () => {
    const fake = await azure({ roleDelay: 600_000 });
    const { object_id, ...rest } = fake.client("submitter", []);
    const role = "5ad1a0f5-0f5b-4c2d-9d7a-0f0f0f0f0f0f";
    const roles = `${fake.scope}/providers/Microsoft.Authorization`;
    const permissions = [{ actions: [`${GROUPS}/read`] }];
    const made = await ask(fake, "PUT", `${roles}/roleDefinitions/${role}?api-version=2022-04-01`, {
      properties: { roleName: "reader of groups", type: "CustomRole", assignableScopes: [fake.scope], permissions },
    });
    const { id } = made.body as { id: string };
    const assigned = await ask(fake, "PUT", `${roles}/roleAssignments/6ad1a0f5-0f5b-4c2d-9d7a-0f0f0f0f0f0f?api-version=2022-04-01`, {
      properties: { roleDefinitionId: id, principalId: object_id, principalType: "ServicePrincipal" },
    });
    expect([made.status, assigned.status]).toEqual([201, 201]);
    const client = clientOf(fake, { object_id, ...rest });
    const read = () => client.containerGroups.get(fake.resourceGroup, "one").catch(({ code }: { code: string }) => code);
    expect(await read()).toBe("AuthorizationFailed");
    const { access } = fake.world;
    for (const late of [access.definition(role), ...access.assignments]) if (late) late.effectiveAt -= 600_000;
    expect(await read()).toBe("ResourceNotFound");
  });

  test("secrets and service principals are made in the directory, by those who administer it", async () => {
    const fake = await azure();
    const token = fake.ownerToken("https://graph.microsoft.com");
    const graph = (method: string, path: string, body?: object) =>
      ask(fake, method, `/v1.0/${path}`, body === undefined ? undefined : JSON.parse(JSON.stringify(body)), token);
    const { id, appId } = (await graph("POST", "applications", { displayName: "flows" })).body as { id: string; appId: string };
    const { secretText } = (await graph("POST", `applications/${id}/addPassword`, { passwordCredential: { displayName: "one" } })).body as {
      secretText: string;
    };
    const login = () => new ClientSecretCredential(fake.tenant, appId, secretText, loginOf(fake)).getToken(SCOPE);
    await expect(login()).rejects.toThrow(/AADSTS7000229/);
    expect((await graph("POST", "servicePrincipals", { appId })).status).toBe(201);
    await login();
    const shown = (await graph("GET", `applications/${id}`)).body as { passwordCredentials: { secretText: null }[] };
    expect(shown.passwordCredentials).toMatchObject([{ displayName: "one", secretText: null, hint: secretText.slice(0, 3) }]);
    expect((await graph("DELETE", `applications/${id}`)).status).toBe(204);
    await expect(login()).rejects.toThrow(/AADSTS700016/);
    const credentials = fake.client("stranger", ["Owner"]);
    const stranger = await new ClientSecretCredential(
      credentials.tenant_id,
      credentials.client_id,
      credentials.client_secret,
      loginOf(fake),
    ).getToken("https://graph.microsoft.com/.default");
    expect(await ask(fake, "POST", "/v1.0/applications", { displayName: "mine" }, stranger.token)).toMatchObject({
      status: 403,
      body: { error: { code: "Authorization_RequestDenied" } },
    });
  });
});

describe("what stands in the way", () => {
  test("API versions", async () => {
    const fake = await azure();
    const { path } = groupCalls(fake, "one");
    expect(await ask(fake, "GET", path)).toMatchObject({ status: 400, body: { error: { code: "MissingApiVersionParameter" } } });
    expect(await ask(fake, "GET", `${path}?api-version=latest`)).toMatchObject({
      status: 400,
      body: { error: { code: "InvalidApiVersionParameter" } },
    });
    expect(await ask(fake, "GET", `${path}?api-version=2016-01-01`)).toMatchObject({
      status: 400,
      body: { error: { code: "InvalidResourceType" } },
    });
  });

  test("another subscription, a missing resource group, a disabled subscription", async () => {
    const fake = await azure();
    const other = groupCalls(fake, "one").path.replace(fake.subscription, "33333333-3333-4333-8333-333333333333");
    expect(await ask(fake, "GET", `${other}?api-version=2023-05-01`)).toMatchObject({
      status: 404,
      body: { error: { code: "SubscriptionNotFound" } },
    });
    const missing = groupCalls(fake, "one").path.replace("/resourceGroups/flows/", "/resourceGroups/none/");
    expect(await ask(fake, "PUT", `${missing}?api-version=2023-05-01`, groupOf("true"))).toMatchObject({
      status: 404,
      body: { error: { code: "ResourceGroupNotFound" } },
    });
    fake.world.disabled = true;
    expect(await groupCalls(fake, "one").put(groupOf("true"))).toMatchObject({
      status: 409,
      body: { error: { code: "ReadOnlyDisabledSubscription" } },
    });
    expect((await groupCalls(fake, "one").get()).status).toBe(404);
  });

  test("locks", async () => {
    const fake = await azure();
    const calls = groupCalls(fake, "one");
    fake.world.locks.push({ scope: fake.scope, level: "CanNotDelete" });
    expect((await calls.put(groupOf("true"))).status).toBe(201);
    expect(await calls.remove()).toMatchObject({
      status: 409,
      body: { error: { code: "ScopeLocked", message: expect.stringContaining("cannot perform delete operation") } },
    });
    fake.world.locks.push({ scope: fake.scope, level: "ReadOnly" });
    expect(await calls.put(groupOf("true"))).toMatchObject({ status: 409, body: { error: { code: "ScopeLocked" } } });
  });

  test("policies", async () => {
    const fake = await azure();
    fake.world.policies.push({ scope: fake.scope, name: "need-tags", denies: ({ tags }) => tags === undefined });
    expect(await groupCalls(fake, "one").put(groupOf("true"))).toMatchObject({
      status: 403,
      body: {
        error: {
          code: "RequestDisallowedByPolicy",
          target: "one",
          message: expect.stringMatching(/^Resource 'one' was disallowed by policy. Policy identifiers: '\[\{"policyAssignment"/),
        },
      },
    });
    expect((await groupCalls(fake, "one").put({ ...groupOf("true"), tags: { owner: "me" } })).status).toBe(201);
  });

  test("a resource group that is being deleted", async () => {
    const [slow, fake] = [await azure({ groupDeletion: 600_000 }), await azure()];
    for (const each of [slow, fake]) {
      await groupCalls(each, "one").put(groupOf("sleep 60"));
      await ask(each, "DELETE", `${each.scope}?api-version=2024-03-01`);
    }
    expect(await groupCalls(slow, "two").put(groupOf("true"))).toMatchObject({
      status: 409,
      body: { error: { code: "ResourceGroupBeingDeleted" } },
    });
    await until(
      async () => ((await groupCalls(fake, "one").get()).body as { error?: { code: string } }).error?.code === "ResourceGroupNotFound",
    );
    expect(fake.world.groups.size).toBe(0);
  });
});

describe("limits", () => {
  test("Resource Manager's, by principal", async () => {
    const fake = await azure({ limits: { reads: { size: 2, refill: 1 } } });
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const calls = groupCalls(fake, "one");
    const left = [await calls.get(), await calls.get()].map(({ headers }) => headers["x-ms-ratelimit-remaining-subscription-reads"]);
    expect(left).toEqual(["1099", "1098"]);
    const refused = await calls.get();
    expect(refused).toMatchObject({ status: 429, body: { error: { code: "SubscriptionRequestsThrottled" } } });
    expect([refused.headers["retry-after"], refused.headers["x-ms-failure-cause"]]).toEqual(["1", "gateway"]);
    expect((await calls.put(groupOf("true"))).status).toBe(201);
    expect((await calls.get()).status).toBe(429);
    vi.setSystemTime(Date.now() + 1_000);
    expect((await calls.get()).status).toBe(200);
  });

  test("Container Instances', by hour and by five minutes", async () => {
    const fake = await azure({ simulated: true, limits: { ...REAL_AZURE_LIMITS, perFiveMinutes: 2 } });
    const first = await groupCalls(fake, "one").put(groupOf("true"));
    const left = (window: string) => first.headers[`x-ms-ratelimit-remaining-subscription-resource-requests-${window}`];
    expect([left("pt1h"), left("pt5m")]).toEqual(["299", "1"]);
    await groupCalls(fake, "two").put(groupOf("true"));
    const refused = await groupCalls(fake, "three").put(groupOf("true"));
    expect(refused).toMatchObject({
      status: 429,
      body: {
        error: {
          code: "ResourceRequestsThrottled",
          message: expect.stringMatching(
            /^Number of requests for action 'Microsoft.ContainerInstance\/containerGroups\/write' exceeded the limit of '2' for time interval '00:05:00'. Please try again after '\d+' seconds.$/,
          ),
        },
      },
    });
    expect(refused.headers["retry-after"]).toBeUndefined();
    expect((await groupCalls(fake, "one").remove()).status).toBe(200);
  });

  test("planted faults", async () => {
    const fake = await azure();
    const { get, put } = groupCalls(fake, "one");
    const on = `${GROUPS}/write`;
    fake.plant({ on, fault: { kind: "noCapacity", location: "westeurope" } });
    expect(await put(groupOf("true"))).toMatchObject({ status: 409, body: { error: { code: "ServiceUnavailable" } } });
    fake.plant({ on, fault: { kind: "reset", after: true } });
    await expect(put(groupOf("true"))).rejects.toThrow();
    expect((await get()).status).toBe(200);
    fake.plant({
      on: `${GROUPS}/read`,
      fault: { kind: "refuse", status: 429, code: "TooManyRequests", message: "Slow down.", retryAfter: 3 },
    });
    const slow = await get();
    expect([slow.status, slow.headers["retry-after"]]).toEqual([429, "3"]);
    expect(fake.calls.map(({ action, status }) => [action, status])).toEqual([
      [on, 409],
      [on, 201],
      [`${GROUPS}/read`, 200],
      [`${GROUPS}/read`, 429],
    ]);
  });
});
