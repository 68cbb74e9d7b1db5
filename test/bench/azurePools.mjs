// Container Instances pools compared with the same resources declared directly.
import { createRequire } from "node:module";
import { join } from "node:path";
import { comparePools, root } from "./pools.mjs";

const require = createRequire(import.meta.url);
const { defaultTemplate } = require(join(root, "lib", "src", "template"));

const POOLS = 100;
const SUBSCRIPTION = "22222222-2222-4222-8222-222222222222";

const OURS = `
const { manifest } = require("pushpool");
const { ContainerInstancePushPool } = require("pushpool/azure");
const pools = [];
for (let n = 0; n < ${POOLS}; n++) pools.push(new ContainerInstancePushPool("pool" + n, { subscriptionId: "${SUBSCRIPTION}", location: "westeurope", jobVariables: { image: "acme/etl:1" } }));
exports.pushPools = manifest({ pools });
`;

/** What a user would write for the same result: five resources for each pool, their dependencies, and the template. */
const BARE = `
const pulumi = require("@pulumi/pulumi");
const { ResourceGroup } = require("@pulumi/azure-native/resources");
const { RoleAssignment } = require("@pulumi/azure-native/authorization");
const { Application, ApplicationPassword, ServicePrincipal } = require("@pulumi/azuread");
const template = ${JSON.stringify(defaultTemplate("azure-container-instance:push"))};
const subscription = "/subscriptions/${SUBSCRIPTION}";
exports.pools = {};
for (let n = 0; n < ${POOLS}; n++) {
  const group = new ResourceGroup("group" + n, { resourceGroupName: "pool-" + n, location: "westeurope" });
  const application = new Application("app" + n, { displayName: "pool-push-" + n });
  const principal = new ServicePrincipal("principal" + n, { clientId: application.clientId });
  const roleDefinitionId = subscription + "/providers/Microsoft.Authorization/roleDefinitions/5d977122-f97e-4b4d-a52f-6b43003ddb4d";
  const submitter = new RoleAssignment("submitter" + n, {
    principalId: principal.objectId, principalType: "ServicePrincipal", roleDefinitionId, scope: pulumi.interpolate\`\${subscription}/resourceGroups/\${group.name}\`,
  });
  const secret = new ApplicationPassword("secret" + n, { applicationId: application.id, displayName: "pushpool" }, { dependsOn: [submitter] });
  const properties = { ...template.variables.properties };
  for (const [name, value] of [["subscription_id", "${SUBSCRIPTION}"], ["image", "acme/etl:1"], ["resource_group_name", group.name]])
    properties[name] = { ...properties[name], default: value };
  exports.pools["pool" + n] = {
    baseJobTemplate: { ...template, variables: { ...template.variables, properties } },
    block: { createdAt: secret.startDate, data: { client_id: principal.clientId, tenant_id: principal.applicationTenantId, client_secret: pulumi.secret(secret.value) } },
  };
}
`;

const PROVIDERS = `
const { azureadProvider, azureNativeProvider, serveProvider } = require("pushpool/testing");
const azure = { url: "https://127.0.0.1:1", ca: "", subscription: "${SUBSCRIPTION}", tenant: "", ownerToken: () => "" };
Promise.all([azureNativeProvider(azure), azureadProvider(azure)].map(serveProvider)).then(([native, ad]) =>
  process.send({ "azure-native": native.port, azuread: ad.port }),
);
`;

/** @param bench its `report` takes a row of the table of `npm run bench` */
export async function benchAzurePools(bench) {
  const native = [
    "authorization",
    "containerinstance",
    "containerregistry",
    "managedidentity",
    "network",
    "operationalinsights",
    "resources",
  ];
  await comparePools(bench, {
    cloud: "azure",
    called: "Container Instances",
    pools: POOLS,
    modules: [...native.map((name) => `@pulumi/azure-native/${name}`), "@pulumi/azuread"],
    ours: OURS,
    bare: BARE,
    // In a preview they make no calls: there is no cloud.
    providers: PROVIDERS,
  });
}
