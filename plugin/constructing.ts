import { SDK_PRELUDE } from "../src/engine/sdkFlags";

let loading: Promise<typeof import("./construct")> | undefined;

/** The part that constructs components. It loads Pulumi's SDK, without the parts that programs seldom use. */
export function constructing(): Promise<typeof import("./construct")> {
  loading ??= import(SDK_PRELUDE).then(() => require("./construct") as typeof import("./construct"));
  return loading;
}
