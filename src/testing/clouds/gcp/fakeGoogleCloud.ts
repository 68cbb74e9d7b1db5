import type { FakeCloud } from "../shared/fakeCloud";
import { FaultQueue } from "../shared/faultQueue";
import { artifactRegistry } from "./artifactRegistry";
import { Bearer } from "./bearer";
import { runContract } from "./googleContract";
import type { Fault } from "./googleFaults";
import type { KeyFile } from "./googleIam";
import { type FakeGoogleCloudOptions, settled } from "./googleOptions";
import { Quotas } from "./googleQuotas";
import { type CallRecord, serveGoogle } from "./googleServer";
import { World } from "./googleWorld";

/** The service account of containers. It has no permissions. */
const RUNTIME = "flow-runtime";

/** A running fake of Google Cloud. */
export interface FakeGoogleCloud extends FakeCloud<World, CallRecord, Fault> {
  project: string;
  /** The `endpoints` of a work pool. */
  endpoints: { run: string; logging: string; sts: string; iamcredentials: string; token: string; iam: string };
  /** E-mail of a service account for containers, which exists from the start. */
  runtimeAccount: string;
  /**
   * Create a service account with roles in the project, which may act as {@link runtimeAccount}. Returns a key, as in a credentials block.
   */
  serviceAccountKey(id: string, roles?: readonly string[]): KeyFile;
  /** End all access tokens so far before their time. */
  endTokens(): void;
  /** An access token of the project's owner, for the test's own requests. */
  ownerToken(): string;
}

/** The roles that submitting needs, as pushpool's components grant them. */
const SUBMITTER = ["roles/run.developer", "roles/logging.viewer"];

/**
 * A fake of Google Cloud on this machine: Cloud Run jobs, whose commands it runs as processes, Cloud Logging and IAM.
 *
 * It is never kinder than Google. It accepts only what the SDK's description of the API allows, and checks the credentials and permissions
 * of every call. It can be slow, and eventually consistent. Use it through a work pool's `endpoints`.
 *
 * Not supported:
 * - GPUs, volumes (checked, but not mounted), probes, sidecars: only a Job's first container runs.
 * - Binary Authorization, encryption keys and VPC access: they are stored and returned, but have no effect.
 * - More than one task in an execution; `allowMissing` of updates, `showDeleted` of lists, and the 30 days in which a deleted Job can be
 * read.
 * - A project's number works instead of its id in any path, but names always come back with the id.
 * - In Cloud Logging: `time` fields of a JSON line, exclusion filters, and sinks. Only text is split.
 * - Of workload identity federation: providers other than OIDC, uploaded keys (jwksJson), and grants to a principal on other resources than
 * service accounts and projects.
 * - A service account's system-managed key is listed, and never changes.
 *
 * ```ts
 * const google = await startFakeGoogleCloud();
 * const key = google.serviceAccountKey("submitter");
 * ```
 * @throws {Error} if `@google-cloud/run` is not installed: the fake uses its description of the API
 */
export async function startFakeGoogleCloud(options: FakeGoogleCloudOptions = {}): Promise<FakeGoogleCloud> {
  const world = new World(settled(options));
  const bearer = new Bearer(world.iam);
  const faults = new FaultQueue<Fault>();
  const calls: CallRecord[] = [];
  const quotas = new Quotas(world.options);
  const { url, close } = await serveGoogle({ world, bearer, contract: runContract(), faults, quotas, calls }, options.port ?? 0);
  world.url = url;
  world.issueToken = (member, seconds) => {
    const given = bearer.give(member, Math.min(seconds, world.options.tokenLifetime));
    return { accessToken: given.token, expireTime: new Date(Date.now() + given.seconds * 1000).toISOString() };
  };
  const { project } = world.options;
  const runtime = world.iam.addAccount(project, RUNTIME);
  world.iam.bind(`projects/${project}`, "roles/owner", "user:owner@example.com");
  return {
    url,
    project,
    endpoints: { run: url, logging: url, sts: url, iamcredentials: url, token: `${url}/token`, iam: url },
    runtimeAccount: runtime.email,
    registry: artifactRegistry(world, bearer),
    world,
    calls,
    plant: (fault) => faults.plant(fault),
    serviceAccountKey: (id, roles = SUBMITTER) => {
      const { email } = world.iam.addAccount(project, id);
      for (const role of roles) world.iam.bind(`projects/${project}`, role, `serviceAccount:${email}`);
      world.iam.bind(`serviceAccounts/${runtime.email}`, "roles/iam.serviceAccountUser", `serviceAccount:${email}`);
      return world.iam.addKey(email, project, `${url}/token`).file;
    },
    endTokens: () => bearer.endAll(),
    ownerToken: () => bearer.give("user:owner@example.com").token,
    stop: async () => {
      world.background.stop();
      await close();
    },
  };
}
