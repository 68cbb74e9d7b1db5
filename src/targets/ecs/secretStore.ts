import { createHmac } from "node:crypto";
import { parameterFolder, type StackSource } from "../../manifest/cloudNames";
import type { Secret } from "../../secret";
import type { EcsApi } from "./ecsApi";

/** After this many milliseconds, a process writes a secret again when it uses it: someone may have changed or deleted it. */
const AGAIN = 300_000;
/** The mark by which pushpool recognizes a parameter that it wrote for a run. */
export const SECRET_DESCRIPTION = "pushpool: a secret of flow runs of work pool";

/** Secrets of runs in Parameter Store. A task definition contains their names, never their values. */
export interface SecretStore {
  /** Names by environment variable, in the order of the variables. */
  namesOf(pool: string, secrets: Record<string, Secret>): Promise<[variable: string, name: string][]>;
  /** Write those that this process has not written in the last five minutes. */
  put(pool: string, secrets: Record<string, Secret>, signal?: AbortSignal): Promise<void>;
}

/**
 * @param source the stack of the runs
 * @param key makes names from values that cannot be guessed
 */
export function openSecretStore({
  api,
  source,
  key,
}: {
  api: EcsApi;
  source: StackSource;
  key: () => string | Buffer | Promise<Buffer>;
}): SecretStore {
  const written = new Map<string, number>();

  /**
   * Another value gets another name: a run gets its own value, whoever else writes meanwhile. The key differs between stacks, so two stacks
   * with one name in one account share no parameter either.
   */
  async function nameOf(pool: string, variable: string, secret: Secret): Promise<string> {
    const digest = createHmac("sha256", await key())
      .update(JSON.stringify([source.project, source.stack, pool, variable, String(secret.reveal())]))
      .digest("hex")
      .slice(0, 32);
    return `${parameterFolder(source, pool)}${variable.replaceAll(/[^a-zA-Z0-9_.-]/g, "-").slice(0, 100)}-${digest}`;
  }

  return {
    namesOf: (pool, secrets) =>
      Promise.all(
        Object.entries(secrets).map(
          async ([variable, secret]): Promise<[string, string]> => [variable, await nameOf(pool, variable, secret)],
        ),
      ),
    put: async (pool, secrets, signal) => {
      for (const [variable, secret] of Object.entries(secrets)) {
        const name = await nameOf(pool, variable, secret);
        if (Date.now() < (written.get(name) ?? 0) + AGAIN) continue;
        await api.putSecret({ name, value: String(secret.reveal()), description: `${SECRET_DESCRIPTION} ${pool}` }, signal);
        written.set(name, Date.now());
      }
    },
  };
}
