import { suggestion } from "../nearest";
import { upgradeHint } from "../origin";
import { UserError } from "../userError";
import type { Operations } from "./operations";

/** The kinds of dynamic resource. Each is loaded when it is first used. */
const KINDS: Record<string, () => Promise<Operations>> = {
  FlowRun: () => import("./flowRunResource.js").then(({ operations }) => operations),
  KeyProof: () => import("./keyProof.js").then(({ operations }) => operations),
  PrefectAutomation: () => import("./prefectAutomation.js").then(({ operations }) => operations),
  PrefectBlock: () => import("./prefectBlock.js").then(({ operations }) => operations),
  PrefectWorkPool: () => import("./prefectWorkPool.js").then(({ operations }) => operations),
  PrefectDeployment: () => import("./prefectDeployment.js").then(({ operations }) => operations),
};

/** The operations. A kind may lack only `configure`. */
const OPERATION_NAMES: Record<keyof Operations, true> = {
  configure: true,
  check: true,
  diff: true,
  create: true,
  read: true,
  update: true,
  delete: true,
};

/** A call from a dynamic resource. The state of every stack contains this shape, so old versions must always be understood. */
export interface DispatchCall {
  v: 1;
  kind: "FlowRun" | "KeyProof" | "PrefectWorkPool" | "PrefectBlock" | "PrefectDeployment" | "PrefectAutomation";
  op: keyof Operations;
  /** As Pulumi's dynamic provider passes them. */
  args: unknown[];
}

/**
 * Handle a method call of a dynamic resource: `pushpool/provider`, in the process that Pulumi runs for it.
 * @returns the result of the operation, without any `undefined`: one would fail the call after the real resource was created
 * @throws {UserError} if this pushpool does not know the call; also throws the errors of the operation
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
    throw new UserError(
      `a resource in this stack uses version ${String(v)} of the provider protocol, but this pushpool supports version 1: ${upgrade()}`,
    );
  const load = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (!load)
    throw new UserError(
      `this pushpool has no resource kind "${String(kind)}" (${suggestion(String(kind), Object.keys(KINDS))}): ${upgrade()}`,
    );
  if (!Object.hasOwn(OPERATION_NAMES, op))
    throw new UserError(`this pushpool has no operation "${String(op)}" for a ${kind}: ${upgrade()}`);
  return load();
}

/** The dynamic provider prints an error's stack. The stack of a user's mistake is of no use. */
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
