import { flushCompileCache } from "node:module";
import type * as pulumi from "@pulumi/pulumi";
import { UserError } from "../src/userError";

/** The class of a component, whose second argument is checked by itself. */
type Component = new (
  name: string,
  // biome-ignore lint/suspicious/noExplicitAny: each class has its own arguments, and checks them
  args: any,
  opts?: pulumi.ComponentResourceOptions,
) => pulumi.ComponentResource;

type Module = Record<string, unknown>;

/** Modules of components. A process loads only those that it constructs from, because the SDK of a cloud is large. */
const MODULES: [load: () => Module, names: string[]][] = [
  [() => require("./manifestComponent"), ["Manifest"]],
  [() => require("./prefectRegistration"), ["PrefectRegistration"]],
  [() => require("../components/deployment"), ["Deployment"]],
  [() => require("../components/flowImage"), ["FlowImage"]],
  [() => require("../components/local"), ["ProcessPushPool"]],
  [
    () => require("../components/gcp"),
    [
      "ApiEnablement",
      "CloudRunPushPool",
      "GcpCredentialsBlock",
      "ImageRepository",
      "PushServiceAccount",
      "RunNetwork",
      "RuntimeSecrets",
      "RuntimeServiceAccount",
      "SubmitAccess",
      "WorkloadIdentityFederation",
    ],
  ],
  [
    () => require("../components/aws"),
    [
      "AwsCredentialsBlock",
      "EcrRepository",
      "EcsPushPool",
      "ExecutionRole",
      "PushUser",
      "TaskCluster",
      "TaskLogGroup",
      "TaskNetwork",
      "TaskRole",
      "TaskSecrets",
      "TaskSubmitAccess",
      "WebIdentityRole",
    ],
  ],
  [
    () => require("../components/azure"),
    [
      "AzureContainerInstanceCredentialsBlock",
      "ContainerInstancePushPool",
      "ContainerRegistry",
      "ContainerSubmitAccess",
      "ProviderRegistration",
      "PullIdentity",
      "FederatedServicePrincipal",
      "PushServicePrincipal",
      "RunLogWorkspace",
      "RunResourceGroup",
      "RunSubnet",
    ],
  ],
];

/** Modules that were loaded. Node keeps compiled code only when a process exits, and Pulumi kills a provider. */
const loaded = new Map<() => Module, Module>();

/**
 * The class of a component by its token, such as `pushpool:index:EcsPushPool`.
 * @throws {UserError} if there is none, or the SDK of its cloud is not installed
 */
export function componentOf(token: string): Component {
  const name = token.split(":")[2] ?? "";
  const [load] = MODULES.find(([, names]) => names.includes(name)) ?? [];
  if (!load) throw new UserError(`pushpool has no component ${token}`);
  try {
    const known = loaded.get(load);
    const module = known ?? load();
    if (!known) setImmediate(flushCompileCache);
    loaded.set(load, module);
    return module[name] as Component;
  } catch (error) {
    const [, missing] = /^Cannot find module '(@pulumi\/[a-z-]+)/.exec((error as Error).message) ?? [];
    if (missing === undefined) throw error;
    throw new UserError(`${name} needs a package that is not installed: run \`npm install ${missing}\` where pushpool is installed`);
  }
}
