import type { JsonObject } from "../../../json";
import { Background } from "../shared/background";
import type { FakeImage } from "../shared/commonOptions";
import type { End } from "../shared/container";
import { ImageStore } from "../shared/fakeRegistry";
import { cancelExecution, deleteExecution, executionNamed, finish, jobNameOf, outOfMemory } from "./executions";
import { Clock } from "./googleClock";
import { Iam } from "./googleIam";
import { LogStore } from "./googleLogStore";
import type { Settled } from "./googleOptions";
import { type Execution, idOf, type Job, type Task } from "./runResources";
import type { IdentityPool } from "./workloadIdentity";

/** Everything that the fake cloud has. Tests may read and change it. */
export class World {
  readonly options: Settled;
  readonly clock = new Clock();
  readonly iam: Iam;
  readonly log: LogStore;
  readonly images: Map<string, FakeImage>;
  /** What was pushed to Artifact Registry. */
  readonly registry = new ImageStore();
  readonly secrets: Map<string, Record<string, string>>;
  readonly services: Set<string>;
  /** Whether the project has an active billing account. */
  billing = true;
  /** Whether a VPC Service Controls perimeter blocks all callers. */
  perimeter = false;
  /** Networks, repositories and other stored resources, by name. */
  readonly kept = new Map<string, JsonObject>();
  readonly jobs = new Map<string, Job>();
  /** In the order of their creation. */
  readonly executions = new Map<string, Execution>();
  readonly tasks = new Map<string, Task>();
  /** What each operation is about, by the operation's name. */
  readonly operations = new Map<string, { kind: "job" | "run"; of: Job | Execution } | { response: JsonObject }>();
  readonly background: Background;
  /** Workload identity pools, by name. */
  readonly identityPools = new Map<string, IdentityPool>();
  /** The fake's base URL, once it listens. */
  url = "";
  /** Issues an access token, as iamcredentials returns it. */
  issueToken: (member: string, seconds: number) => JsonObject = () => ({});

  constructor(options: Settled) {
    this.options = options;
    this.background = new Background(options.simulated);
    this.iam = new Iam({ keys: options.keyDelay, bindings: options.bindingDelay });
    this.log = new LogStore(this.clock, { delay: options.logDelay, largestEntry: options.largestLogEntry });
    this.images = new Map(Object.entries(options.images));
    this.secrets = new Map(Object.entries(options.secrets));
    this.services = new Set(options.services);
  }

  /** A project's number. It depends only on the id, so every fake has the same one. */
  numberOf(project: string): string {
    let number = 7;
    for (const letter of project) number = (number * 31 + letter.charCodeAt(0)) % 900_000_000;
    return String(100_000_000 + number);
  }

  /** @param secret a name, with or without its project */
  secretValue(secret: string, version: string): string | undefined {
    const versions = this.secrets.get(idOf(secret));
    if (!versions) return undefined;
    const [latest] = Object.keys(versions).sort((a, b) => Number(b) - Number(a));
    return version === "latest" ? versions[latest ?? ""] : versions[version];
  }

  /** Another user cancels an execution. */
  cancel(name: string): void {
    cancelExecution(this, executionNamed(this, name));
  }

  /** Another user deletes an execution. */
  deleteExecution(name: string): void {
    deleteExecution(this, executionNamed(this, name));
  }

  /** Another user deletes a Job with all its executions. */
  deleteJob(name: string): void {
    this.jobs.delete(name);
    for (const execution of [...this.executions.values()]) if (jobNameOf(execution) === name) deleteExecution(this, execution);
  }

  /** A container runs out of memory. */
  outOfMemory(name: string): void {
    outOfMemory(executionNamed(this, name));
  }

  /** With simulated containers: end one. */
  finish(name: string, end: End): void {
    finish(executionNamed(this, name), end);
  }
}
