import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sign } from "hono/jwt";
import type { FakeCloud } from "../shared/fakeCloud";
import { FaultQueue } from "../shared/faultQueue";
import type { Fault } from "./azureFaults";
import { type FakeAzureOptions, settled } from "./azureOptions";
import { azureRegistry } from "./azureRegistry";
import { type CallRecord, serveAzure } from "./azureServer";
import { World } from "./azureWorld";
import { makeCertificates } from "./certificates";
import { Throttle } from "./throttle";
import { Tokens } from "./tokens";

/** A client of the directory with a secret, as a credentials block holds it. */
export interface ClientCredentials {
  tenant_id: string;
  client_id: string;
  client_secret: string;
  /** Of its service principal: whom roles are given to. */
  object_id: string;
}

/** What a token says that another issuer signs. */
export interface Assertion {
  issuer: string;
  subject: string;
  /** @default "api://AzureADTokenExchange" */
  audience?: string;
  /** How long it is valid, in seconds. @default 600 */
  seconds?: number;
}

/** A fake Azure that is running. */
export interface FakeAzure extends FakeCloud<World, CallRecord, Fault> {
  tenant: string;
  subscription: string;
  location: string;
  /** The first of its resource groups. */
  resourceGroup: string;
  /** For a work pool's `endpoints`. A pool that builds an image needs `registry: azure.url` too. */
  endpoints: { login: string; management: string; logs: string };
  /** The certificate of its authority in PEM: it serves https only, and clients have to trust it. */
  ca: string;
  /** The same as a file, for NODE_EXTRA_CA_CERTS. */
  caFile: string;
  /** Make an application with a secret, whose service principal has these roles in a scope. @param scope the first resource group */
  client(name: string, roles?: readonly string[], scope?: string): ClientCredentials;
  /** A token of another issuer, which a federated credential may accept instead of a secret. */
  assertion(assertion: Assertion): Promise<string>;
  /** End all access tokens before their time. */
  endTokens(): void;
  /** An access token of the subscription's owner, for what a test does itself. @param audience Resource Manager's */
  ownerToken(audience?: string): string;
  /** Base URL of a resource in Resource Manager: `/subscriptions/S/resourceGroups/G`. */
  scope: string;
}

/**
 * An Azure on this machine. It has Container Instances, whose commands it runs as processes, Microsoft Entra's logins, and Resource Manager with
 * its roles, quotas and limits. It serves https with a certificate of its own, since Azure's clients send no token over http.
 *
 * It is as strict as Azure: it checks every call's token, API version and permission, and takes only container groups that Azure takes. A
 * test can make it slow, forgetful and contradictory. Reach it through a work pool's `endpoints`.
 *
 * What it leaves out:
 * - Volumes, probes, ports and networks: it checks them, and they do nothing. It refuses GPUs, as Azure has done since 2025.
 * - exec and attach: it returns the address of a terminal, and does not open one.
 * - Deployments of templates, the metadata service of managed identities, and every provider that no work pool needs.
 * - Signatures: its tokens have the form of Entra's, and only the fake itself knows them.
 * - Codes and texts of refused container groups that nobody has published: there they are the fake's own, with Azure's status 400.
 *
 * ```ts
 * const azure = await startFakeAzure();
 * const { client_id, client_secret } = azure.client("submitter");
 * ```
 */
export async function startFakeAzure(options: FakeAzureOptions = {}): Promise<FakeAzure> {
  const world = new World(settled(options));
  const tokens = new Tokens(world.directory, world.options);
  const faults = new FaultQueue<Fault>();
  const calls: CallRecord[] = [];
  const certificates = makeCertificates();
  const throttle = new Throttle(world.options.limits);
  const { url, close } = await serveAzure({ world, tokens, throttle, faults, calls }, options.port ?? 0, certificates);
  world.url = url;
  const folder = mkdtempSync(join(tmpdir(), "pushpool-azure-"));
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, certificates.ca);
  const { tenant, subscription, location } = world.options;
  const resourceGroup = world.options.resourceGroups[0] ?? "";
  const scope = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}`;
  const owner = world.directory.addPrincipal("User", "owner@example.com");
  world.access.grant(owner, "Owner", `/subscriptions/${subscription}`);
  world.directory.administrators.add(owner.objectId);
  return {
    url,
    tenant,
    subscription,
    location,
    resourceGroup,
    scope,
    endpoints: { login: url, management: url, logs: url },
    registry: azureRegistry(world),
    ca: certificates.ca,
    caFile,
    world,
    calls,
    plant: (fault) => faults.plant(fault),
    client: (name, roles = ["Azure Container Instances Contributor Role"], where = scope) => {
      const client = world.directory.addClient(name);
      const principal = world.directory.addPrincipal("ServicePrincipal", name, client.appId);
      const { text } = world.directory.addSecret(client, { startAt: 0 });
      for (const role of roles) world.access.grant(principal, role, where);
      return { tenant_id: tenant, client_id: client.appId, client_secret: text, object_id: principal.objectId };
    },
    assertion: async ({ issuer, subject, audience = "api://AzureADTokenExchange", seconds = 600 }) => {
      const now = Math.floor(Date.now() / 1000);
      const { privateKey } = world.directory.issuer(issuer);
      const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      return sign({ iss: issuer, sub: subject, aud: audience, iat: now, nbf: now, exp: now + seconds }, key, "RS256");
    },
    ownerToken: (audience = "https://management.azure.com") => tokens.give(owner, audience),
    endTokens: () => tokens.endAll(),
    stop: async () => {
      world.background.stop();
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
