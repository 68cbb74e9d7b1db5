import type { Operations } from "./operations";

export const operations: Operations = {
  check: async (_olds, news) => ({ inputs: news, failures: [] }),
  diff: async () => ({ changes: false }),
  create: notYet,
  read: async (id, props) => ({ id, props }),
  update: notYet,
  delete: async () => {},
};

async function notYet(): Promise<never> {
  throw new Error("not yet");
}
