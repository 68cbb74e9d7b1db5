// The complete example without an account and a network: a fake Google Cloud and a stand-in for Pulumi's gcp provider run in this process.
import { createRequire } from "node:module";
import { runOffline } from "../runOffline.mjs";

const require = createRequire(import.meta.url);
const { gcpProvider, startFakeGoogleCloud } = require("pushpool/testing");
const google = await startFakeGoogleCloud({ project: "acme-data" });

await runOffline(
  {
    require,
    folder: import.meta.dirname,
    fakes: [google],
    providers: { gcp: gcpProvider(google) },
    // The configuration of a real project, plus the fake's address.
    config: { "gcp:project": google.project, "gcp:region": "europe-west1", "gcp-example:endpoints": google.endpoints },
    env: { PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS: "0.2" },
  },
  async (run) => {
    await run("run", "hello/shell", "-p", "name=Grace");
    await run("run", "count/prod");
  },
);
