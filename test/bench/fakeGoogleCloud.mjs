// A fake Google Cloud in a process of its own, so that what it costs is not counted to those who call it: `node fakeGoogleCloud.mjs OPTIONS`.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { startFakeGoogleCloud } = require("pushpool/testing");

const google = await startFakeGoogleCloud(JSON.parse(process.argv[2] ?? "{}"));
process.send({ url: google.url, key: google.serviceAccountKey("submitter"), runtimeAccount: google.runtimeAccount });
process.on("message", (message) => {
  if (message === "calls") {
    const counted = {};
    for (const { method } of google.calls) counted[method] = (counted[method] ?? 0) + 1;
    google.calls.length = 0;
    process.send({ counted, executions: [...google.world.executions.keys()] });
  }
  if (message === "stop") google.stop().then(() => process.exit(0));
});
