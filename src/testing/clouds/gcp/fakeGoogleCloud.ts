import type { FakeCloud } from "../shared/fakeCloud";
import { FaultQueue } from "../shared/faultQueue";
import { Bearer } from "./bearer";
import { runContract } from "./contract";
import type { Fault } from "./faults";
import type { KeyFile } from "./iam";
import { type FakeGoogleCloudOptions, settled } from "./options";
import { Quotas } from "./quotas";
import { type CallRecord, serveGoogle } from "./server";
import { World } from "./world";

/** The account that containers act as. It may do nothing. */
const RUNTIME = "flow-runtime";

/** A fake Google Cloud that is running. */
export interface FakeGoogleCloud extends FakeCloud<World, CallRecord, Fault> {
  project: string;
  /** For a work pool's `endpoints`. */
  endpoints: { run: string; logging: string };
  /** E-mail of a service account for containers to act as, which is there from the start. */
  runtimeAccount: string;
  /** Make a service account with roles in the project, which may act as {@link runtimeAccount}; a key of it, as for a credentials block. */
  serviceAccountKey(id: string, roles?: readonly string[]): KeyFile;
  /** An access token of the project's owner, for what a test does itself. */
  ownerToken(): string;
}

/** What submitting takes (the roles that pushpool's components give). */
const SUBMITTER = ["roles/run.developer", "roles/logging.viewer"];

/**
 * A Google Cloud on this machine: Cloud Run jobs, whose commands it runs as processes, Cloud Logging, and who may do what.
 *
 * It is no kinder than Google's: it takes what the SDK's own description of the API allows, checks every call's credentials and permissions,
 * and can be made slow, forgetful and contradictory. Reach it through a work pool's `endpoints`.
 *
 * What it leaves out:
 * - GPUs, volumes (they are checked, and not mounted), probes, sidecars: only a Job's first container runs.
 * - Binary Authorization, encryption keys and VPC access: they are kept and given back, and forbid nothing.
 * - More than one task of an execution; `allowMissing` of updates, `showDeleted` of lists, and the 30 days in which a deleted Job can be read.
 * - A project's number stands for its id in any path, but names always come back with the id.
 * - Of Cloud Logging: `time` fields of a JSON line, exclusion filters, and sinks. Splits are made of text only.
 * - A service account's system-managed key is listed, and never changes.
 *
 * ```ts
 * const google = await startFakeGoogleCloud();
 * const key = google.serviceAccountKey("submitter");
 * ```
 * @throws {Error} if `@google-cloud/run` is not installed: its description of the API comes from there
 */
export async function startFakeGoogleCloud(options: FakeGoogleCloudOptions = {}): Promise<FakeGoogleCloud> {
  const world = new World(settled(options));
  const bearer = new Bearer(world.iam);
  const faults = new FaultQueue<Fault>();
  const calls: CallRecord[] = [];
  const quotas = new Quotas(world.options);
  const { url, close } = await serveGoogle({ world, bearer, contract: runContract(), faults, quotas, calls }, options.port ?? 0);
  world.url = url;
  const { project } = world.options;
  const runtime = world.iam.addAccount(project, RUNTIME);
  world.iam.bind(`projects/${project}`, "roles/owner", "user:owner@example.com");
  return {
    url,
    project,
    endpoints: { run: url, logging: url },
    runtimeAccount: runtime.email,
    world,
    calls,
    plant: (fault) => faults.plant(fault),
    serviceAccountKey: (id, roles = SUBMITTER) => {
      const { email } = world.iam.addAccount(project, id);
      for (const role of roles) world.iam.bind(`projects/${project}`, role, `serviceAccount:${email}`);
      world.iam.bind(`serviceAccounts/${runtime.email}`, "roles/iam.serviceAccountUser", `serviceAccount:${email}`);
      return world.iam.addKey(email, project, `${url}/token`).file;
    },
    ownerToken: () => bearer.give("user:owner@example.com").token,
    stop: async () => {
      world.background.stop();
      await close();
    },
  };
}
