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
  if (typeof message === "object") {
    // As many more like the one that there is: to make them by calls would take minutes and prove nothing.
    const [[first, execution]] = google.world.executions;
    for (let n = 1; n < message.executions; n++) {
      const name = `${first.slice(0, -5)}${n.toString(36).padStart(5, "0")}`;
      google.world.executions.set(name, { ...structuredClone(execution), name, createTime: google.world.clock.now() });
    }
    process.send({ executions: [...google.world.executions.keys()] });
  }
  if (message === "stop") google.stop().then(() => process.exit(0));
});
