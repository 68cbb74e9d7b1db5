import type { Target } from "../targets/target";
import { UserError } from "../userError";

/** A target, and what its credentials are: another text means other ones. `undefined`: it uses none. */
export interface OpenTarget {
  target: Target;
  credentials: string | undefined;
}

/**
 * A target whose credentials may change while a process runs: the key of a pool that `up` replaced. If the cloud refuses the credentials,
 * they are read again, once. If they are other ones, the work is done again with them.
 * @param reopen reads the manifest again, and opens the target
 */
export function renewingTarget(opened: OpenTarget, reopen: () => Promise<OpenTarget>): Target {
  let current = opened;
  let renewing: Promise<OpenTarget> | undefined;

  /** Several calls that fail at the same time read the manifest once. */
  async function renewed(used: OpenTarget): Promise<OpenTarget> {
    if (current !== used) return current;
    renewing ??= reopen().finally(() => {
      renewing = undefined;
    });
    const next = await renewing;
    if (current === used && next.credentials !== used.credentials) current = next;
    return current;
  }

  return new Proxy(opened.target, {
    get: (_, name: keyof Target) => {
      const method: unknown = current.target[name];
      if (typeof method !== "function") return method;
      if (PLAIN.has(name)) return method.bind(current.target);
      return async (...given: unknown[]) => {
        const used = current;
        const work = (target: Target) => (target[name] as (...args: unknown[]) => unknown).apply(target, given);
        try {
          return await work(used.target);
        } catch (error) {
          if (!isRefusedLogin(error)) throw error;
          const next = await renewed(used).catch(() => used);
          if (next === used) throw error;
          return work(next.target);
        }
      };
    },
  });
}

/** Methods that call no cloud. */
const PLAIN: ReadonlySet<keyof Target> = new Set(["plan", "unseen"]);

function isRefusedLogin(error: unknown): boolean {
  return error instanceof UserError && (error.cause as { kind?: string } | undefined)?.kind === "unauthenticated";
}
