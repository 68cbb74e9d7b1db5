import { SDK_PRELUDE } from "../src/engine/sdkFlags";

let loading: Promise<typeof import("./construct")> | undefined;

/** The part that constructs components. It loads Pulumi's SDK, without the parts that programs seldom use. */
export function constructing(): Promise<typeof import("./construct")> {
  loading ??= import(SDK_PRELUDE).then(() => {
    followNoPromises();
    return require("./construct") as typeof import("./construct");
  });
  return loading;
}

/**
 * The SDK follows each promise with two others, to say at a program's exit which ones are not settled. That takes a tenth of the time of a
 * component. A provider is ended by its engine, and has no exit.
 */
function followNoPromises(): void {
  if (process.env.PULUMI_DEBUG_PROMISE_LEAKS) return;
  const debuggable = require("@pulumi/pulumi/runtime/debuggable") as { debuggablePromise<T>(promise: Promise<T>): Promise<T> };
  debuggable.debuggablePromise = (promise) => promise;
}
