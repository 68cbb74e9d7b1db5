// The cost of runs on Azure Container Instances, compared with direct SDK calls.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as tls from "node:tls";
import { fileURLToPath } from "node:url";
import { benchSubmitting, place } from "./submitting.mjs";
import { benchWatching } from "./watching.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const usualAuthorities = tls.getCACertificates("default");

function placed(azure, scratch, name) {
  // The calls of this process itself: with one fake at a time.
  tls.setDefaultCACertificates([...usualAuthorities, azure.ca]);
  const file = join(root, "test", "fixtures", "base-job-templates", "azure-container-instance.from-code.json");
  const { tenant_id, client_id, client_secret } = azure.key;
  return place(scratch, name, {
    pool: {
      type: "azure-container-instance:push",
      baseJobTemplate: JSON.parse(readFileSync(file, "utf8")),
      credentials: "azure-container-instance-credentials/etl",
      endpoints: azure.endpoints,
    },
    block: { tenant_id, client_id, client_secret },
    jobVariables: { image: "acme/etl:1", resource_group_name: azure.resourceGroup, subscription_id: azure.subscription },
    env: { NODE_EXTRA_CA_CERTS: azure.caFile },
  });
}

const BARE = `
const { ContainerInstanceManagementClient } = require("@azure/arm-containerinstance");
const { ClientSecretCredential } = require("@azure/identity");
const { readFileSync } = require("node:fs");
exports.bare = function bare(url, keyFile, subscription, resourceGroup) {
  const { tenant_id, client_id, client_secret } = JSON.parse(readFileSync(keyFile, "utf8"));
  const credential = new ClientSecretCredential(tenant_id, client_id, client_secret, { authorityHost: url, disableInstanceDiscovery: true });
  const credentialScopes = ["https://management.azure.com/.default"];
  const client = new ContainerInstanceManagementClient(credential, subscription, { $host: url, endpoint: url, credentialScopes });
  return async (n) => {
    const name = "bare-" + process.pid + "-" + Date.now() + "-" + n;
    // As anyone must who wants no group twice: a PUT changes a group that is there.
    await client.containerGroups.get(resourceGroup, name).catch((error) => { if (error.statusCode !== 404) throw error; });
    const environmentVariables = [{ name: "PUSHPOOL_PARAMETERS", value: "{}" }, { name: "N", value: String(n) }];
    await client.containerGroups.beginCreateOrUpdate(resourceGroup, name, {
      location: "westeurope",
      osType: "Linux",
      restartPolicy: "Never",
      containers: [{ name, image: "acme/etl:1", command: ["true"], environmentVariables, resources: { requests: { cpu: 1, memoryInGB: 1 } } }],
    });
    return name;
  };
};
if (require.main === module) exports.bare(...process.argv.slice(2))(0).then((name) => console.log(name));
`;

/** @param report takes a row: what, measured, ratio, goal */
export async function benchAzure({ report }) {
  const scratch = mkdtempSync(join(tmpdir(), "pushpool-bench-"));
  const told = (what, ...row) => report(`Azure: ${what}`, ...row);
  const bare = { source: BARE, args: ({ url, subscription, resourceGroup }, _, keyFile) => [url, keyFile, subscription, resourceGroup] };
  // A raised subscription, so that the replies to the bare loop hold nobody up.
  const raised = { quotas: { ContainerGroups: 100_000, StandardCores: 100_000 }, limits: { perHour: 100_000, perFiveMinutes: 100_000 } };
  const noted = async (ledger, infrastructureId) => {
    const key = `aci/run/${infrastructureId}`;
    return [key, await ledger.readNote(key)];
  };
  try {
    // They never start. Azure creates 100 in five minutes: so many are in each turn.
    const turns = { count: 6, each: 84, fresh: true };
    await benchSubmitting({ scratch, which: "azure", options: { ...raised, start: 3_600_000 }, turns, placed, bare, report: told });
    // Azure shows one group in each call, and allows 225 calls at once and 25 a second.
    const watching = { count: 10_000, calls: "", seenBy: ": one call each, 25 a second" };
    await benchWatching({ scratch, which: "azure", options: raised, placed, ...watching, noted, report: told });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
