// The cost of runs on Cloud Run, compared with direct SDK calls.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { benchSubmitting, place } from "./submitting.mjs";
import { benchWatching } from "./watching.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

function placed(google, scratch, name) {
  const template = JSON.parse(readFileSync(join(root, "test", "fixtures", "base-job-templates", "cloud-run-v2.from-code.json"), "utf8"));
  return place(scratch, name, {
    pool: {
      type: "cloud-run-v2:push",
      baseJobTemplate: template,
      credentials: "gcp-credentials/etl",
      endpoints: { run: google.url, logging: google.url },
    },
    block: { service_account_info: google.key },
    jobVariables: { region: "europe-west1", image: "acme/etl:1", service_account_name: google.runtimeAccount },
  });
}

const BARE = `
const { v2 } = require("@google-cloud/run");
const { GoogleAuth, JWT } = require("google-auth-library");
const { readFileSync } = require("node:fs");
exports.bare = function bare(url, keyFile, job) {
  const key = JSON.parse(readFileSync(keyFile, "utf8"));
  const client = new JWT({ email: key.client_email, key: key.private_key, keyId: key.private_key_id, scopes: ["https://www.googleapis.com/auth/cloud-platform"] });
  client.useJWTAccessWithScope = true;
  const { hostname, port } = new URL(url);
  const jobs = new v2.JobsClient({ auth: new GoogleAuth({ authClient: client }), fallback: true, apiEndpoint: hostname, port: Number(port), protocol: "http" });
  return async (n) => {
    const env = [{ name: "PUSHPOOL_PARAMETERS", value: "{}" }, { name: "N", value: String(n) }];
    const [operation] = await jobs.runJob({ name: job, overrides: { containerOverrides: [{ env }], timeout: { seconds: 600 } } });
    return operation.metadata.name;
  };
};
if (require.main === module) exports.bare(...process.argv.slice(2))(0).then((name) => console.log(name));
`;

/** @param report takes a row: what, measured, ratio, goal */
export async function benchCloudRun({ report }) {
  const scratch = mkdtempSync(join(tmpdir(), "pushpool-bench-"));
  const told = (what, ...row) => report(`Cloud Run: ${what}`, ...row);
  const bare = { source: BARE, args: ({ url }, job, keyFile) => [url, keyFile, job] };
  try {
    // They never start: a waiting container costs nothing.
    await benchSubmitting({ scratch, which: "google", options: { start: 3_600_000 }, placed, bare, report: told });
    await benchWatching({ scratch, which: "google", options: { start: 0 }, placed, count: 10_000, calls: "< 3000", report: told });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
