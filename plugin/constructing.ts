import { SDK_PRELUDE } from "../src/engine/sdkFlags";

let loading: Promise<typeof import("./construct")> | undefined;

/** What constructs components. Only with it is Pulumi's SDK loaded, without the parts of it that are seldom used. */
export function constructing(): Promise<typeof import("./construct")> {
  loading ??= import(SDK_PRELUDE).then(() => require("./construct") as typeof import("./construct"));
  return loading;
}
