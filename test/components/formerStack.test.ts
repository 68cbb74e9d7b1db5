import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { awsProvider, gcpProvider, offlineStack, serveProvider, startFakeAws, startFakeGoogleCloud } from "../../src/testing";
import { scratch } from "../scratch";

const root = join(__dirname, "..", "..");

test("a stack from when the parts of a pool were components: `up` takes the components away and keeps every resource", async () => {
  const dir = scratch();
  cpSync(join(root, "test", "fixtures", "former-stack"), dir, { recursive: true });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const home = join(dir, ".pushpool");
  mkdirSync(join(home, "stacks", "former"), { recursive: true, mode: 0o700 });
  cpSync(join(dir, "dev.json"), join(home, "stacks", "former", "dev.json"));
  // Both clouds are empty: whatever is made or changed there would fail.
  const clouds = { aws: await startFakeAws(), gcp: await startFakeGoogleCloud() };
  const served = { aws: await serveProvider(awsProvider(clouds.aws)), gcp: await serveProvider(gcpProvider(clouds.gcp)) };
  onTestFinished(() => Promise.all([served.aws, served.gcp, clouds.aws, clouds.gcp].map((each) => each.stop())).then(() => {}));
  const env = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "", XDG_STATE_HOME: join(dir, "state"), PUSHPOOL_HOME: home };
  const stack = offlineStack({ projectDir: dir, home, env, providers: { aws: served.aws.port, gcp: served.gcp.port } });

  const { steps } = await stack.up();
  const changed = steps.filter(({ op, urn }) => op !== "same" && !urn.includes("::pulumi:providers:"));
  expect(changed.map(({ op, urn }) => `${op} ${urn.split("::").slice(2).join(" ")}`).sort()).toEqual(
    [
      "EcsPushPool$pushpool:index:AwsCredentialsBlock ecs-credentials",
      "CloudRunPushPool$pushpool:index:GcpCredentialsBlock run-credentials",
      "EcsPushPool$pushpool:index:ExecutionRole ecs-execution",
      "CloudRunPushPool$pushpool:index:PushServiceAccount run-push",
      "CloudRunPushPool$pushpool:index:PushServiceAccount$pushpool:index:SubmitAccess run-push-access",
      "EcsPushPool$pushpool:index:PushUser ecs-push",
      "EcsPushPool$pushpool:index:PushUser$pushpool:index:TaskSubmitAccess ecs-push-access",
      "CloudRunPushPool$pushpool:index:RuntimeServiceAccount run-run",
      "EcsPushPool$pushpool:index:TaskLogGroup ecs-logs",
    ]
      .map((component) => `delete pushpool:index:${component}`)
      .sort(),
  );
  expect((await stack.up()).unchanged).toBe(true);
});
