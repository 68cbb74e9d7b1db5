// The complete example without an account and a network: a fake AWS and a stand-in for Pulumi's aws provider run in this process.
import { createRequire } from "node:module";
import { runOffline } from "../runOffline.mjs";

const require = createRequire(import.meta.url);
const { awsProvider, startFakeAws } = require("pushpool/testing");
const aws = await startFakeAws();

await runOffline(
  {
    require,
    folder: import.meta.dirname,
    fakes: [aws],
    providers: { aws: awsProvider(aws) },
    // The configuration of a real account, plus the fake's address.
    config: { "aws:region": aws.region, "aws-example:endpoints": aws.endpoints },
    env: { PUSHPOOL_ECS_LOG_DRAIN_SECONDS: "0.2" },
  },
  async (run) => {
    await run("run", "hello/shell", "-p", "name=Grace");
    await run("run", "count/prod");
  },
);
