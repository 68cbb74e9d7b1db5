import { suggestion } from "../nearest";
import { upgradeHint } from "../origin";
import { UserError } from "../userError";
import type { Operations } from "./operations";

/** The kinds of dynamic resource, each loaded when it is first asked for. */
const KINDS: Record<string, () => Promise<Operations>> = {
  FlowRun: () => import("./flowRun.js").then(({ operations }) => operations),
  PrefectBlock: () => import("./prefectBlock.js").then(({ operations }) => operations),
  PrefectWorkPool: () => import("./prefectWorkPool.js").then(({ operations }) => operations),
  PrefectDeployment: () => import("./prefectDeployment.js").then(({ operations }) => operations),
};

/**
 * Which operations there are, and what the answer is for a kind that does not have it: only `configure` may be absent.
 */
const OPS: Record<keyof Operations, true> = {
  configure: true,
  check: true,
  diff: true,
  create: true,
  read: true,
  update: true,
  delete: true,
};

/** A call from a dynamic resource. Its shape is in the state of every stack: old ones must be understood for ever. */
export interface DispatchCall {
  v: 1;
  kind: "FlowRun" | "PrefectWorkPool" | "PrefectBlock" | "PrefectDeployment";
  op: keyof Operations;
  /** As Pulumi's dynamic provider passes them. */
  args: unknown[];
}

/**
 * Where the methods of all dynamic resources land: `pushpool/provider`, in the process that Pulumi runs for them.
 * @returns what the operation gives, without `undefined` anywhere: one left in would fail the call after the real thing was made
 * @throws {UserError} if this pushpool does not know the call; whatever the operation throws
 */
export async function dispatch(call: DispatchCall): Promise<unknown> {
  try {
    const operations = await operationsOf(call);
    const operation = operations[call.op] as ((...args: unknown[]) => Promise<unknown>) | undefined;
    return withoutUndefined(await operation?.apply(operations, call.args));
  } catch (error) {
    throw forPulumi(error);
  }
}

async function operationsOf({ v, kind, op }: DispatchCall): Promise<Operations> {
  const upgrade = () => `to upgrade, ${upgradeHint()}`;
  if (v !== 1)
    throw new UserError(`a resource in this stack speaks version ${String(v)}, and this pushpool understands version 1: ${upgrade()}`);
  const load = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (!load)
    throw new UserError(
      `this pushpool knows no resource of kind "${String(kind)}" (${suggestion(String(kind), Object.keys(KINDS))}): ${upgrade()}`,
    );
  if (!Object.hasOwn(OPS, op)) throw new UserError(`this pushpool cannot "${String(op)}" a ${kind}: ${upgrade()}`);
  return load();
}

/** The dynamic provider prints an error's stack; a user's mistake has none worth reading. */
function forPulumi(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof UserError) error.stack = "";
  const partial = error as Error & { properties?: unknown };
  if (partial.properties !== undefined) partial.properties = withoutUndefined(partial.properties);
  return error;
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : withoutUndefined(item)));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutUndefined(inner)]));
}
