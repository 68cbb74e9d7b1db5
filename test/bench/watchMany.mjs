// Watches runs for three quarters of a minute, and prints how much memory that took: `node watchMany.mjs FOLDER MANIFEST IDS`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { openTrigger } = require("pushpool/trigger");

const [, , cwd, manifest, file] = process.argv;
const ids = JSON.parse(readFileSync(file, "utf8"));
const trigger = openTrigger({ cwd, manifest });
const stop = new AbortController();
let peak = 0;
const look = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 50);
const watched = ids.map((id) => trigger.watch(id, { signal: stop.signal, logs: false }));
await new Promise((done) => setTimeout(done, 45_000));
const aborted = performance.now();
stop.abort();
const seen = await Promise.all(watched);
clearInterval(look);
await trigger.close();
const answered = performance.now() - aborted;
process.send({ peak, answered, running: seen.filter(({ state }) => state.type === "RUNNING").length });
process.disconnect();
