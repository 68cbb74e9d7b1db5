import type { TargetView } from "../targetView";

export const view: TargetView = {
  requests: (request) => [{ call: "spawn", body: request }],
  consoleUrl: () => undefined,
};
