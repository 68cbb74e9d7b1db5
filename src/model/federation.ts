import type { JsonObject } from "../json";

/** Whose identity tokens a cloud trusts in place of a key, and where a process that submits gets one. It contains no secret. */
export interface Federation {
  /** URL of the tokens' OIDC issuer: their `iss`. */
  issuer: string;
  /** What the tokens must be for: their `aud`. */
  audience: string;
  /** The tokens' `sub`. A `*` matches any characters. Empty: only {@link ownLogin}. */
  subjects: string[];
  token: TokenSource;
  /** The pool's own identity: the e-mail of a service account, the ARN of a role, the client id of an application. */
  actsAs: string;
  /** Whether a caller without a token may use their own cloud login to act as the pool's identity. @default false */
  ownLogin?: boolean;
  /** Google's configuration of type `external_account`, without a source of tokens. */
  externalAccount?: JsonObject;
  /** The tenant of an application of Azure. */
  tenant?: string;
}

/** Where an identity token comes from. */
export type TokenSource =
  /** The token endpoint of a GitHub Actions job. */
  | { from: "github" }
  | { from: "file"; path: string }
  | { from: "environment"; variable: string }
  /** The answer is the token, or JSON that has it in `field`. */
  | { from: "url"; url: string; headers?: Record<string, string>; field?: string };
