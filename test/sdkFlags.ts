import type { TestProject } from "vitest/node";
import { SDK_FLAGS } from "../src/engine/sdkFlags";

/** Pulumi's SDK loads in a third of the processor time in the tests, as it does in the offline engine. */
export default function loadQuickly({ config }: TestProject): void {
  config.execArgv.push(...SDK_FLAGS);
}
