// The complete example without an account and a network: fake clouds and stand-ins for Pulumi's providers run in this process.
import { createRequire } from "node:module";
import { runOffline } from "../runOffline.mjs";
import { compare } from "./compare.mjs";

const require = createRequire(import.meta.url);
const testing = require("pushpool/testing");
const google = await testing.startFakeGoogleCloud({ project: "acme-data" });
const aws = await testing.startFakeAws();
const azure = await testing.startFakeAzure();
const fakes = { "cloud-run-v2:push": google, "ecs:push": aws, "azure-container-instance:push": azure };

await runOffline(
  {
    require,
    folder: import.meta.dirname,
    fakes: [google, aws, azure],
    providers: {
      gcp: testing.gcpProvider(google),
      aws: testing.awsProvider(aws),
      "azure-native": testing.azureNativeProvider(azure),
      azuread: testing.azureadProvider(azure),
    },
    // The configuration of real accounts, plus the addresses of the fakes.
    config: {
      "gcp:project": google.project,
      "gcp:region": "europe-west1",
      "multi-cloud:gcpEndpoints": google.endpoints,
      "aws:region": aws.region,
      "multi-cloud:awsEndpoints": aws.endpoints,
      "azure-native:subscriptionId": azure.subscription,
      "azure-native:tenantId": azure.tenant,
      "azure-native:location": azure.location,
      "multi-cloud:azureEndpoints": azure.endpoints,
    },
    env: {
      PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS: "0.2",
      PUSHPOOL_ECS_LOG_DRAIN_SECONDS: "0.2",
      // The fake Azure serves https with a certificate of its own.
      NODE_EXTRA_CA_CERTS: azure.caFile,
    },
  },
  async (run, env) => {
    await run("pools");
    await run("run", "count/everywhere", "--pool", "ecs");
    console.error("$ npm run compare");
    if (!(await compare("count/everywhere", { args: ["-s", "offline"], env, callsOf: (type) => fakes[type]?.calls.length })))
      throw new Error("not all runs COMPLETED");
  },
);
