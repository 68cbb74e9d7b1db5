export { type DispatchCall, dispatch } from "./dispatch";
export { readKeyFacts } from "./keyFacts";
