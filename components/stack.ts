/**
 * The root program: `pushpool:pools` in, push pools and their manifest out.
 *
 *     config:
 *       pushpool:pools:
 *         local: { type: process:push, concurrencyLimit: 4 }
 *
 * Without configuration there is one pool, `local`, of type `process:push`.
 */
import * as pulumi from "@pulumi/pulumi";
import { ECS_PUSH_POOL_ARGUMENTS } from "./aws/ecsPushPoolArgs";
import { CONTAINER_INSTANCE_PUSH_POOL_ARGUMENTS } from "./azure/containerInstancePushPoolArgs";
import { configuredPools, type PoolComponent } from "./configuredPools";
import { CLOUD_RUN_PUSH_POOL_ARGUMENTS } from "./gcp/cloudRunPushPoolArgs";
import { PROCESS_PUSH_POOL_ARGUMENTS } from "./local/processPushPool";
import { manifest } from "./manifest";

// `require` loads a component only if its pool type is configured. It must happen before anything is declared.
const COMPONENTS: Record<string, PoolComponent> = {
  "process:push": {
    load: () => (require("./local") as typeof import("./local")).ProcessPushPool,
    args: Object.keys(PROCESS_PUSH_POOL_ARGUMENTS),
  },
  "cloud-run-v2:push": {
    load: () => (require("./gcp") as typeof import("./gcp")).CloudRunPushPool,
    args: Object.keys(CLOUD_RUN_PUSH_POOL_ARGUMENTS),
  },
  "ecs:push": {
    load: () => (require("./aws") as typeof import("./aws")).EcsPushPool,
    args: Object.keys(ECS_PUSH_POOL_ARGUMENTS),
  },
  "azure-container-instance:push": {
    load: () => (require("./azure") as typeof import("./azure")).ContainerInstancePushPool,
    args: Object.keys(CONTAINER_INSTANCE_PUSH_POOL_ARGUMENTS),
  },
};

const KEY = "pushpool:pools";
const configured = new pulumi.Config("pushpool").getObject("pools");
// The configuration keys with a secret value. The engine passes them to a program only here.
const secretKeys: string[] = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]");

export const pushPools = manifest({ pools: configuredPools(configured, COMPONENTS, secretKeys.includes(KEY)) });
