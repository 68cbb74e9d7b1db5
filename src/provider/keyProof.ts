import pRetry from "p-retry";
import type { JsonObject } from "../json";
import { type KeyProven, KeyRefused, type KeyToProve } from "../keys/keyRefused";
import { RetryNotices } from "../retryNotices";
import { UserError } from "../userError";
import type { Operations, Outs } from "./operations";
import { printLine } from "./printLine";

interface Inputs extends JsonObject {
  cloud: string;
  workPoolName: string;
  keyId: string;
  generation: number;
  key: JsonObject;
  service: string;
  place: JsonObject;
}

/** How each cloud proves a key. Each is loaded when it is first used. */
const PROOFS: Record<string, (key: KeyToProve<string, string>) => Promise<KeyProven>> = {
  aws: async (key) => (await import("../keys/proveAwsKey.js")).proveAwsKey(key),
  gcp: async (key) => (await import("../keys/proveGoogleKey.js")).proveGoogleKey(key),
  azure: async (key) => (await import("../keys/proveAzureKey.js")).proveAzureKey(key),
};

/** How long a new key may take to work, in milliseconds: as long as runs wait for young credentials. */
const PATIENCE = 600_000;

/**
 * The proof that a new key works. Blocks and the manifest depend on it, so they keep the old key until the cloud accepts the new one. A
 * key is proved once, and again if `again` changes. The key itself is an input, so it is not in the outputs.
 */
export const operations: Operations = {
  check: async (_olds, news) => ({ inputs: news, failures: [] }),
  diff: async (_id, olds, news) => ({ changes: ["keyId", "generation", "again"].some((name) => olds[name] !== news[name]) }),
  create: async (inputs) => ({ id: String(inputs.workPoolName), outs: await proven(inputs as Inputs) }),
  read: async (id, props) => ({ id, props }),
  update: async (_id, _olds, news) => ({ outs: await proven(news as Inputs) }),
  delete: async () => {},
};

async function proven({ cloud, workPoolName, keyId, generation, key, service, place, again }: Inputs): Promise<Outs> {
  const prove = Object.hasOwn(PROOFS, cloud) ? PROOFS[cloud] : undefined;
  if (!prove) throw new UserError(`this pushpool cannot test keys of ${cloud}: upgrade it`);
  const { provenAt } = await patiently(workPoolName, keyId, () => prove({ keyId, key, service, place } as KeyToProve<string, string>));
  return { cloud, workPoolName, keyId, generation, again, provenAt };
}

async function patiently(workPoolName: string, keyId: string, prove: () => Promise<KeyProven>): Promise<KeyProven> {
  try {
    return await new RetryNotices(printLine).during(`work pool "${workPoolName}": testing key ${keyId}`, ({ failed }) =>
      pRetry(prove, {
        retries: 1000,
        minTimeout: 200,
        maxTimeout: 5_000,
        randomize: true,
        maxRetryTime: PATIENCE,
        shouldRetry: ({ error }) => {
          const again = error instanceof KeyRefused && error.mayPass;
          if (again) failed(error.message);
          return again;
        },
      }),
    );
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error;
    throw new UserError(
      `work pool "${workPoolName}": the cloud does not accept key ${keyId} (${error.message}). Runs still use the previous key; the next up tries again`,
      5,
    );
  }
}
