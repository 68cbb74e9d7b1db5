/**
 * The root program: `pushpool:pools` in, push pools and their manifest out.
 *
 *     config:
 *       pushpool:pools:
 *         local: { type: process:push, concurrencyLimit: 4 }
 *
 * With no configuration at all there is one pool, `local`, of type process:push. A cloud's components are loaded only for a pool of its.
 */
import * as pulumi from "@pulumi/pulumi";
import type { ProcessPushPoolArgs } from "./local";
import { manifest } from "./manifest";
import type { AnyJson } from "./poolDefinition";

interface PoolConfig extends Record<string, AnyJson> {
  type: string;
}

const DEFAULT_POOLS: Record<string, PoolConfig> = { local: { type: "process:push" } };

function poolOf(name: string, config: PoolConfig): { definition: AnyJson } {
  const { type, ...args } = config ?? {};
  switch (type) {
    case "process:push": {
      const { ProcessPushPool } = require("./local") as typeof import("./local");
      return new ProcessPushPool(name, args as ProcessPushPoolArgs);
    }
    default:
      throw new pulumi.RunError(`pushpool:pools.${name}.type: must be process:push, not ${JSON.stringify(type)}`);
  }
}

const configured = new pulumi.Config("pushpool").getObject<Record<string, PoolConfig>>("pools") ?? DEFAULT_POOLS;
const pools = Object.entries(configured).map(([name, config]) => poolOf(name, config));

export const pushPools = manifest({ pools });
