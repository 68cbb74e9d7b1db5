import type { dynamic } from "@pulumi/pulumi";
import type { KeyQuestions } from "../src/keys/keyQuestion";

// Pulumi stores the source of a dynamic resource's methods in its state, twice. It runs the stored methods to refresh and to delete. So
// each method only calls the installed package: its source is small, contains no secret, and is the same in every version. Each version
// must understand what older ones stored. `require` and not import, because Pulumi would store an import by value.

/** A flow run, declared in `components/flowRun.ts`. */
export const flowRun: dynamic.ResourceProvider = {
  configure: (request) => require("pushpool/provider").dispatch({ v: 1, kind: "FlowRun", op: "configure", args: [request] }),
  check: (olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "FlowRun", op: "check", args: [olds, news] }),
  diff: (id, olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "FlowRun", op: "diff", args: [id, olds, news] }),
  create: (inputs) => require("pushpool/provider").dispatch({ v: 1, kind: "FlowRun", op: "create", args: [inputs] }),
  read: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "FlowRun", op: "read", args: [id, props] }),
  update: (id, olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "FlowRun", op: "update", args: [id, olds, news] }),
  delete: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "FlowRun", op: "delete", args: [id, props] }),
};

/** The proof of a key, declared in `components/keyRotation.ts`. */
export const keyProof: dynamic.ResourceProvider = {
  check: (olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "KeyProof", op: "check", args: [olds, news] }),
  diff: (id, olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "KeyProof", op: "diff", args: [id, olds, news] }),
  create: (inputs) => require("pushpool/provider").dispatch({ v: 1, kind: "KeyProof", op: "create", args: [inputs] }),
  read: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "KeyProof", op: "read", args: [id, props] }),
  update: (id, olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "KeyProof", op: "update", args: [id, olds, news] }),
  delete: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "KeyProof", op: "delete", args: [id, props] }),
};

/** A work pool on a Prefect API, declared in `components/prefect/workPool.ts`. */
export const prefectWorkPool: dynamic.ResourceProvider = {
  configure: (request) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectWorkPool", op: "configure", args: [request] }),
  check: (olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectWorkPool", op: "check", args: [olds, news] }),
  diff: (id, olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectWorkPool", op: "diff", args: [id, olds, news] }),
  create: (inputs) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectWorkPool", op: "create", args: [inputs] }),
  read: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectWorkPool", op: "read", args: [id, props] }),
  update: (id, olds, news) =>
    require("pushpool/provider").dispatch({ v: 1, kind: "PrefectWorkPool", op: "update", args: [id, olds, news] }),
  delete: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectWorkPool", op: "delete", args: [id, props] }),
};

/** A block document on a Prefect API, declared in `components/prefect/block.ts`. */
export const prefectBlock: dynamic.ResourceProvider = {
  configure: (request) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectBlock", op: "configure", args: [request] }),
  check: (olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectBlock", op: "check", args: [olds, news] }),
  diff: (id, olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectBlock", op: "diff", args: [id, olds, news] }),
  create: (inputs) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectBlock", op: "create", args: [inputs] }),
  read: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectBlock", op: "read", args: [id, props] }),
  update: (id, olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectBlock", op: "update", args: [id, olds, news] }),
  delete: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectBlock", op: "delete", args: [id, props] }),
};

/** A deployment on a Prefect API, declared in `components/prefect/deployment.ts`. */
export const prefectDeployment: dynamic.ResourceProvider = {
  configure: (request) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectDeployment", op: "configure", args: [request] }),
  check: (olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectDeployment", op: "check", args: [olds, news] }),
  diff: (id, olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectDeployment", op: "diff", args: [id, olds, news] }),
  create: (inputs) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectDeployment", op: "create", args: [inputs] }),
  read: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectDeployment", op: "read", args: [id, props] }),
  update: (id, olds, news) =>
    require("pushpool/provider").dispatch({ v: 1, kind: "PrefectDeployment", op: "update", args: [id, olds, news] }),
  delete: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectDeployment", op: "delete", args: [id, props] }),
};

/** An automation on a Prefect API, declared in `components/prefect/automation.ts`. */
export const prefectAutomation: dynamic.ResourceProvider = {
  configure: (request) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectAutomation", op: "configure", args: [request] }),
  check: (olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectAutomation", op: "check", args: [olds, news] }),
  diff: (id, olds, news) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectAutomation", op: "diff", args: [id, olds, news] }),
  create: (inputs) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectAutomation", op: "create", args: [inputs] }),
  read: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectAutomation", op: "read", args: [id, props] }),
  update: (id, olds, news) =>
    require("pushpool/provider").dispatch({ v: 1, kind: "PrefectAutomation", op: "update", args: [id, olds, news] }),
  delete: (id, props) => require("pushpool/provider").dispatch({ v: 1, kind: "PrefectAutomation", op: "delete", args: [id, props] }),
};

/** The call that decides about the keys of a pool. It reads the stack's state, so it is loaded only for pools whose keys change. */
export function keyQuestions(): KeyQuestions {
  return require("pushpool/provider");
}
