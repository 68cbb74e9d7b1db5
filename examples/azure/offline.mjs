// The complete example without an account and a network: a fake Azure and stand-ins for Pulumi's two providers run in this process.
import { createRequire } from "node:module";
import { runOffline } from "../runOffline.mjs";

const require = createRequire(import.meta.url);
const { azureadProvider, azureNativeProvider, startFakeAzure } = require("pushpool/testing");
const azure = await startFakeAzure();

await runOffline(
  {
    require,
    folder: import.meta.dirname,
    fakes: [azure],
    providers: { "azure-native": azureNativeProvider(azure), azuread: azureadProvider(azure) },
    // The configuration of a real subscription, plus the fake's address.
    config: {
      "azure-native:subscriptionId": azure.subscription,
      "azure-native:location": "westeurope",
      "azure-example:endpoints": azure.endpoints,
    },
    env: {
      PUSHPOOL_ACI_LOG_DRAIN_SECONDS: "0.2",
      // The fake serves https with a certificate of its own.
      NODE_EXTRA_CA_CERTS: azure.caFile,
    },
  },
  async (run) => {
    await run("run", "hello/shell", "-p", "name=Grace");
    await run("run", "count/prod");
  },
);
