import type { JsonObject } from "../../../src/json";
import type { FakeAzure } from "../../../src/testing";
import { aciTemplate, SUBSCRIPTION } from "../../targets/containerInstances/place";
import type { EndRow } from "../ends";

const GROUPS = "Microsoft.ContainerInstance/containerGroups";

/** The template with more in the properties of its container group. */
export function withProperties(more: (properties: JsonObject & { containers: JsonObject[] }) => JsonObject): JsonObject {
  const template = aciTemplate() as {
    job_configuration: { arm_template: { resources: [{ properties: JsonObject & { containers: JsonObject[] } }] } };
  };
  const [resource] = template.job_configuration.arm_template.resources;
  Object.assign(resource.properties, more(resource.properties));
  return { baseJobTemplate: template as unknown as JsonObject };
}

/** Every way in which a run on Azure ends, or does not begin. */
export const azureEnds = (azure: () => FakeAzure): (EndRow & { pool?: JsonObject })[] => [
  { name: "an exit code", command: "sh -c 'exit 7'", state: "FAILED", code: 1, says: /exited with code 7/ },
  { name: "a signal of its own", command: "sh -c 'kill -SEGV $$'", state: "CRASHED", code: 1, says: /SIGSEGV/ },
  {
    name: "out of memory",
    command: "sleep 600",
    during: (id) => azure().world.outOfMemory(id),
    state: "CRASHED",
    code: 1,
    says: /SIGKILL, exit code 137: Azure gives no reason; most often its memory was used up/,
  },
  {
    name: "no exit code",
    command: "sleep 600",
    during: (id) => azure().world.crash(id),
    state: "FAILED",
    code: 1,
    says: /Azure says "Error" and no exit code/,
  },
  {
    name: "maintenance",
    command: "sleep 600",
    during: (id) => azure().world.maintain(id),
    state: "CRASHED",
    code: 1,
    says: /Azure ended it for maintenance \(exit code 7147/,
  },
  {
    name: "a lost machine",
    command: "sleep 600",
    during: (id) => azure().world.loseNode(id, 60_000),
    state: "CRASHED",
    code: 1,
    says: /Azure lost the machine that it ran on/,
  },
  {
    name: "more maintenance",
    command: "sleep 600",
    during: (id) => azure().world.maintain(id, 7148),
    state: "CRASHED",
    code: 1,
    says: /Azure ended it for maintenance \(exit code 7148/,
  },
  {
    name: "a lost machine, and another one that runs it again",
    command: "sleep 600",
    during: (id) => azure().world.loseNode(id, 0),
    state: "CRASHED",
    code: 1,
    says: /Infrastructure Error/,
  },
  {
    name: "a Spot eviction",
    command: "sleep 600",
    pool: withProperties(() => ({ priority: "Spot" })),
    during: (id) => azure().world.evict(id),
    state: "CRASHED",
    code: 1,
    says: /its Spot container group was evicted/,
  },
  {
    name: "someone else's stop",
    command: "sleep 600",
    during: (id) => azure().world.stopGroup(id),
    state: "CANCELLED",
    code: 3,
    says: /stopped by someone else/,
  },
  {
    name: "a container group that someone deleted",
    command: "sleep 600",
    during: (id) => azure().world.deleteGroup(id),
    state: "CANCELLED",
    code: 3,
    says: /someone else: its container group was deleted/,
  },
  {
    name: "its time limit",
    command: "sleep 600",
    pool: { timeoutSeconds: 1 },
    state: "TimedOut",
    code: 1,
    says: /it reached its time limit while running/,
  },
  {
    name: "no machine within the time that it may take to start",
    jobVariables: { task_start_timeout_seconds: 1 },
    before: () => azure().plant({ on: `${GROUPS}/write`, fault: { kind: "noNode" } }),
    state: "TimedOut",
    code: 1,
    says: /it reached its time limit while pending/,
  },
  {
    name: "an image that cannot be fetched after all",
    before: () => {
      azure().world.options.startTimeout = 100;
      azure().plant({ on: `${GROUPS}/write`, fault: { kind: "pullFails" } });
    },
    after: () => {
      azure().world.options.startTimeout = 1_800_000;
    },
    state: "CRASHED",
    code: 1,
    says: /it never started: ImagePullBackOff: .*Failed to pull image "acme\/etl:1"/,
  },
  {
    name: "an init container that fails",
    pool: withProperties(() => ({
      initContainers: [{ name: "init", properties: { image: "acme/init:1", command: ["sh", "-c", "exit 4"] } }],
    })),
    state: "CRASHED",
    code: 1,
    says: /it never started: init container "init" exited with code 4/,
  },
  {
    name: "a command that does not exist",
    command: "no-such-command",
    state: "CRASHED",
    code: 1,
    says: /it never started: CrashLoopBackOff: .*no-such-command/,
  },
  {
    name: "a success of the run's own container beside a sidecar that continues",
    command: "sleep 0.5",
    pool: withProperties(({ containers }) => ({
      containers: [
        ...containers,
        {
          name: "side",
          properties: { image: "acme/side:1", command: ["sleep", "600"], resources: { requests: { cpu: 1, memoryInGB: 1 } } },
        },
      ],
    })),
    state: "COMPLETED",
    code: 0,
    says: /COMPLETED/,
  },
  {
    name: "an image that does not exist",
    before: () => azure().world.images.set("acme/none:1", { access: "missing" }),
    jobVariables: { image: "acme/none:1" },
    state: "SCHEDULED",
    code: 5,
    says: /Azure cannot read the image: check its name/,
  },
  {
    name: "an image that may not be read",
    before: () => azure().world.images.set("acme/closed:1", { access: "denied" }),
    jobVariables: { image: "acme/closed:1" },
    state: "SCHEDULED",
    code: 5,
    says: /Azure cannot read the image: .*AcrPull/,
  },
  {
    name: "a quota that is used up",
    before: () => {
      azure().world.options.quotas.StandardCores = 0;
    },
    after: () => {
      azure().world.options.quotas.StandardCores = 100;
    },
    state: "SCHEDULED",
    code: 5,
    says: /a quota of the subscription is used up, and nothing was started: lower the pool's concurrencyLimit.*StandardCores/,
  },
  {
    name: "a subscription that does not know Container Instances",
    before: () => azure().world.providers.set("Microsoft.ContainerInstance", false),
    after: () => azure().world.providers.set("Microsoft.ContainerInstance", true),
    state: "SCHEDULED",
    code: 5,
    says: /run `az provider register --namespace Microsoft\.ContainerInstance`/,
  },
  {
    name: "a lock",
    before: () => azure().world.locks.push({ scope: azure().scope, level: "ReadOnly" }),
    after: () => azure().world.locks.splice(0),
    state: "SCHEDULED",
    code: 5,
    says: /a lock on the resource group forbids it: have an administrator remove the lock/,
  },
  {
    name: "a policy",
    before: () => azure().world.policies.push({ name: "no-containers", scope: azure().scope, denies: () => true }),
    after: () => azure().world.policies.splice(0),
    state: "SCHEDULED",
    code: 5,
    says: /a policy of your organization forbids it: .*no-containers/,
  },
  {
    name: "an identity that it may not use",
    jobVariables: {
      identities: [`/subscriptions/${SUBSCRIPTION}/resourceGroups/flows/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pull`],
    },
    state: "SCHEDULED",
    code: 5,
    says: /"Managed Identity Operator" on the identity/,
  },
  {
    name: "a resource group that does not exist",
    jobVariables: { resource_group_name: "nowhere" },
    state: "SCHEDULED",
    code: 5,
    says: /nowhere/,
  },
  {
    name: "a region without room",
    before: () => azure().plant({ on: `${GROUPS}/write`, fault: { kind: "noCapacity" } }),
    state: "SCHEDULED",
    code: 5,
    says: /the region has no capacity for it at the moment, and nothing was started/,
  },
];
