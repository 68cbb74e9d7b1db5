import type { KeyFacts } from "../keys/keyPlan";
import type { KeyQuestion } from "../keys/keyQuestion";

export { type DispatchCall, dispatch } from "./dispatch";

/** As `keyFacts.ts` says. It is loaded when it is first used: a process of dynamic resources never asks. */
export async function readKeyFacts(question: KeyQuestion): Promise<KeyFacts> {
  const keyFacts = await import("./keyFacts.js");
  return keyFacts.readKeyFacts(question);
}
