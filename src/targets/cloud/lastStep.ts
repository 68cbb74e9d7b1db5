import { AsyncLocalStorage } from "node:async_hooks";

/** What the call under way must do before its request goes. */
const present = new AsyncLocalStorage<(() => Promise<void>) | undefined>();

/**
 * Make a call whose SDK does `step` as the last thing before it sends its request, and again before it sends it once more. Between `step` and
 * the request then is nothing that may wait: no login, no retry of the SDK.
 * @throws what `step` throws, as it is: SDKs would wrap it
 */
export async function withLastStep<T>(step: (() => Promise<void>) | undefined, call: () => Promise<T>): Promise<T> {
  if (!step && !present.getStore()) return call();
  let fault: { error: unknown } | undefined;
  const noting = async () => {
    try {
      await step?.();
    } catch (error) {
      fault = { error };
      throw error;
    }
  };
  try {
    return await present.run(step && noting, call);
  } catch (error) {
    throw fault ? new NotSent(fault.error) : error;
  }
}

/** The step before a request has failed: nothing was sent. */
export class NotSent extends Error {
  constructor(override readonly cause: unknown) {
    super("the step before the request failed");
  }
}

/** Called by whatever sends an SDK's requests, right before each. */
export async function doLastStep(): Promise<void> {
  await present.getStore()?.();
}
