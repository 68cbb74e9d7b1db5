import type { Given } from "./languages";

/** Who submits the runs of a new project's pools, as the argument `credentials` of a pool says. */
export const LOGINS = ["key", "federated", "ambient"] as const;
export type Login = (typeof LOGINS)[number];

/** What a login adds to a new project. */
export interface LoginPlan {
  /** Who submits, in one sentence. */
  about: string;
  /** The arguments of every pool. */
  args: Record<string, Given>;
  /** The same in JavaScript, as the fields of an object. */
  javascript: string;
  /** The keys of the stack's configuration that the program needs. */
  config: string[];
  /** The commands that set them. */
  before: string[];
  /** What the user has to know, one line each. */
  notes: string[];
}

/** @returns `undefined` for a key, which a pool has by default */
export function planLogin(login: Login): LoginPlan | undefined {
  switch (login) {
    case "key":
      return undefined;
    case "ambient":
      return {
        about: "Whoever submits runs uses their own login: the pools have no key.",
        args: { credentials: "ambient" },
        javascript: 'credentials: "ambient"',
        config: [],
        before: [],
        notes: [],
      };
    case "federated":
      return {
        about: "GitHub Actions jobs of this repository, on its branch main, submit runs: the pools have no key.",
        args: { credentials: "federated", federation: { github: { repository: { config: "repository" }, branch: "main" } } },
        javascript: 'credentials: "federated", federation: { github: { repository, branch: "main" } }',
        config: ["repository"],
        before: ["pulumi config set repository OWNER/NAME"],
        notes: ["runs are submitted in a GitHub Actions job with `permissions: { id-token: write }`, not from this machine"],
      };
  }
}
