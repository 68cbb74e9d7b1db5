export { type DispatchCall, dispatch } from "./dispatch";
