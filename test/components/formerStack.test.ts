import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { awsProvider, gcpProvider, offlineStack, serveProvider, startFakeAws, startFakeGoogleCloud } from "../../src/testing";
import { scratch } from "../scratch";

const root = join(__dirname, "..", "..");

interface FormerState {
  deployment: { resources: { urn: string; protect?: boolean }[] };
}

const FORMER = [
  "EcsPushPool$pushpool:index:AwsCredentialsBlock ecs-credentials",
  "CloudRunPushPool$pushpool:index:GcpCredentialsBlock run-credentials",
  "EcsPushPool$pushpool:index:ExecutionRole ecs-execution",
  "CloudRunPushPool$pushpool:index:PushServiceAccount run-push",
  "CloudRunPushPool$pushpool:index:PushServiceAccount$pushpool:index:SubmitAccess run-push-access",
  "EcsPushPool$pushpool:index:PushUser ecs-push",
  "EcsPushPool$pushpool:index:PushUser$pushpool:index:TaskSubmitAccess ecs-push-access",
  "CloudRunPushPool$pushpool:index:RuntimeServiceAccount run-run",
  "EcsPushPool$pushpool:index:TaskLogGroup ecs-logs",
];

/** A stack from when the parts of a pool were components. Both clouds are empty: creating or changing anything there would fail. */
async function formerStack({ protect }: { protect: boolean }) {
  const dir = scratch();
  cpSync(join(root, "test", "fixtures", "former-stack"), dir, { recursive: true });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const home = join(dir, ".pushpool");
  const statePath = join(home, "stacks", "former", "dev.json");
  mkdirSync(join(home, "stacks", "former"), { recursive: true, mode: 0o700 });
  cpSync(join(dir, "dev.json"), statePath);
  const clouds = { aws: await startFakeAws(), gcp: await startFakeGoogleCloud() };
  const served = { aws: await serveProvider(awsProvider(clouds.aws)), gcp: await serveProvider(gcpProvider(clouds.gcp)) };
  onTestFinished(() => Promise.all([served.aws, served.gcp, clouds.aws, clouds.gcp].map((each) => each.stop())).then(() => {}));
  const env = {
    ...process.env,
    PROTECT: String(protect),
    PULUMI_CONFIG_PASSPHRASE: "",
    XDG_STATE_HOME: join(dir, "state"),
    PUSHPOOL_HOME: home,
  };
  const setProtect = (protect: boolean) => {
    const state = JSON.parse(readFileSync(statePath, "utf8")) as FormerState;
    for (const resource of state.deployment.resources) if (resource.urn.includes("PushPool")) resource.protect = protect;
    writeFileSync(statePath, JSON.stringify(state));
  };
  return {
    stack: offlineStack({ projectDir: dir, home, env, providers: { aws: served.aws.port, gcp: served.gcp.port } }),
    statePath,
    setProtect,
  };
}

function changesOf(steps: { op: string; urn: string }[]): string[] {
  const changed = steps.filter(({ op, urn }) => op !== "same" && !urn.includes("::pulumi:providers:"));
  return changed.map(({ op, urn }) => `${op} ${urn.split("::").slice(2).join(" ")}`).sort();
}

const deletions = FORMER.map((component) => `delete pushpool:index:${component}`).sort();

test("a stack from when the parts of a pool were components: `up` removes the components and keeps every resource", async () => {
  const { stack } = await formerStack({ protect: false });
  expect(changesOf((await stack.up()).steps)).toEqual(deletions);
  expect((await stack.up()).unchanged).toBe(true);
});

test("a stack with protected pools: `up` says how to unprotect the former components, and the next one removes them", async () => {
  const { stack, statePath, setProtect } = await formerStack({ protect: true });
  setProtect(true);
  const refused = await stack.up().catch((error: Error) => error.message);
  expect(refused).toContain('ecs-logs" cannot be deleted because it is protected');
  expect(refused).toContain(`set its "protect" to false in ${statePath}`);
  setProtect(false);
  expect(changesOf((await stack.up()).steps)).toEqual(expect.arrayContaining(deletions));
  expect((await stack.up()).unchanged).toBe(true);
});
