import { readFile } from "node:fs/promises";
import type { Federation, TokenSource } from "../../model/federation";
import { UserError } from "../../userError";
import { CloudFailure } from "./failure";
import { claimsOf, type IdentityClaims, shown, unmetBy } from "./identityClaims";

/** How long a source of tokens may take, in milliseconds. */
const TIMEOUT = 20_000;

/** Who asks for the token. */
export interface TokenAsker {
  /** Work pool name. */
  pool: string;
  federation: Federation;
  env: NodeJS.ProcessEnv;
  /** The cloud's own variable with the path of a token's file, which its SDKs read: it counts if the pool's source has nothing here. */
  fileVariable?: "AWS_WEB_IDENTITY_TOKEN_FILE" | "AZURE_FEDERATED_TOKEN_FILE";
}

/** Why a cloud denied a login without a key, for `FailureDetails`. */
export interface Explanation {
  /**
   * The claims that were sent, the claims that the trust needs, and the fix. To append to the cloud's own message; "" if nothing was sent.
   */
  advice: string;
  /** The token does not meet what the manifest says, so no retry helps. */
  mismatch?: true;
}

/** Gets identity tokens from the source that a pool's trust names, and explains a cloud's denial by the last one. */
export class IdentityTokens {
  readonly #of: TokenAsker;
  #last: IdentityClaims | undefined;

  constructor(of: TokenAsker) {
    this.#of = of;
  }

  /** Whether there is a source of tokens here. Without one, the caller's own login may be allowed. */
  get available(): boolean {
    return sourceHere(this.#of) !== undefined;
  }

  /**
   * A new token: the one before may have ended.
   * @throws {UserError} if there is none here (exit code 5)
   * @throws {CloudFailure} if its source does not answer
   */
  async get(): Promise<string> {
    this.#last = undefined;
    const source = sourceHere(this.#of);
    if (!source) throw new UserError(noToken(this.#of), 5);
    const token = (await tokenFrom(source, this.#of)).trim();
    this.#last = claimsOf(token);
    if (!this.#last) throw new UserError(`${inWords(source)} contains no identity token (a JSON Web Token)${usedFor(this.#of)}`, 5);
    return token;
  }

  /** Why a cloud may have denied the last token. */
  explanation(now = Date.now()): Explanation {
    if (!this.#last) return { advice: "" };
    const { federation, pool } = this.#of;
    const unmet = unmetBy(this.#last, federation, now);
    if (unmet) return { advice: `. ${sentence(unmet.says)}. ${FIXES[unmet.condition](federation, pool)}`, mismatch: true };
    const { iss, sub, aud } = this.#last;
    const advice = `. The identity token has issuer ${shown(iss)}, subject ${shown(sub)} and audience ${[aud ?? []].flat().map(shown).join(", ")}, and the trust of work pool "${pool}" asks for just that. So the trust was changed in the cloud, or the token's signature is not the issuer's: \`pushpool refresh\` and \`pushpool up\` restore the trust`;
    return { advice };
  }
}

/** What to do about a token that does not meet a condition. */
const FIXES: Record<"issuer" | "expiry" | "audience" | "subject", (federation: Federation, pool: string) => string> = {
  issuer: (_, pool) => `Submit from there, or change federation of work pool "${pool}"`,
  expiry: ({ token }) => `Get a new one${token.from === "github" ? "" : `: ${inWords(token)} must always hold a token that is valid`}`,
  audience: ({ audience, token }) =>
    token.from === "environment"
      ? `Ask for a token with that audience (GitLab: id_tokens: { ${token.variable}: { aud: "${audience}" } })`
      : "Ask for a token with that audience",
  subject: (_, pool) =>
    `Submit from a job or workload with that subject, or change federation of work pool "${pool}" and run \`pushpool up\``,
};

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** The pool's source, or the file that the cloud's own variable names, if this process has one. */
function sourceHere({ federation: { token, subjects }, env, fileVariable }: TokenAsker): TokenSource | undefined {
  if (subjects.length === 0) return undefined;
  const named = fileVariable === undefined ? undefined : env[fileVariable];
  const file: TokenSource | undefined = named ? { from: "file", path: named } : undefined;
  switch (token.from) {
    case "github":
      return env.ACTIONS_ID_TOKEN_REQUEST_URL && env.ACTIONS_ID_TOKEN_REQUEST_TOKEN ? token : file;
    case "environment":
      return env[token.variable] ? token : file;
    default:
      return token;
  }
}

/** Why there is no token here, and how to get one. */
function noToken(of: TokenAsker): string {
  const { federation, env, pool } = of;
  const instead = `To submit with your own login, use --credentials ambient`;
  if (federation.token.from === "github") {
    return env.GITHUB_ACTIONS === "true"
      ? `work pool "${pool}" needs GitHub's identity token, and this job may not have one: give it \`permissions: { id-token: write }\` in the workflow`
      : `work pool "${pool}" takes no key: it trusts GitHub Actions jobs with the subject ${federation.subjects.map(shown).join(" or ")}, and this process is in none. ${instead}`;
  }
  const where = federation.token.from === "environment" ? `the variable ${federation.token.variable} is not set` : "there is none";
  return `work pool "${pool}" has no key: it needs an identity token of ${shown(federation.issuer)} for the audience ${shown(federation.audience)}, and ${where}. ${instead}`;
}

function usedFor({ pool }: TokenAsker): string {
  return `, which work pool "${pool}" needs in place of a key`;
}

function inWords(source: TokenSource): string {
  switch (source.from) {
    case "github":
      return "GitHub's token endpoint";
    case "file":
      return `the file ${source.path}`;
    case "environment":
      return `the variable ${source.variable}`;
    case "url":
      return source.url;
  }
}

async function tokenFrom(source: TokenSource, of: TokenAsker): Promise<string> {
  const { env, federation } = of;
  switch (source.from) {
    case "environment":
      return env[source.variable] ?? "";
    case "file":
      return readFile(source.path, "utf8").catch((error: Error) => {
        throw new UserError(`the identity token cannot be read${usedFor(of)}: ${error.message}`, 5);
      });
    case "url":
      return asked(source.url, source.headers ?? {}, source.field, source);
    case "github": {
      const url = new URL(env.ACTIONS_ID_TOKEN_REQUEST_URL ?? "");
      url.searchParams.set("audience", federation.audience);
      return asked(url.href, { authorization: `bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` }, "value", source);
    }
  }
}

/** GET a token. Redirects are not followed: they would send the headers elsewhere. */
async function asked(url: string, headers: Record<string, string>, field: string | undefined, source: TokenSource): Promise<string> {
  const response = await fetch(url, { headers, redirect: "error", signal: AbortSignal.timeout(TIMEOUT) });
  const text = await response.text();
  if (response.status === 429 || response.status >= 500)
    throw new CloudFailure("unclear", `${inWords(source)} gives no identity token at the moment: it answers ${response.status}`);
  if (!response.ok) throw new UserError(`${inWords(source)} refuses an identity token: it answers ${response.status}`, 5);
  if (field === undefined) return text;
  try {
    const found = (JSON.parse(text) as Record<string, unknown>)[field];
    if (typeof found === "string") return found;
  } catch {
    // The answer may be a part of a token, so it is not shown.
  }
  throw new UserError(`${inWords(source)} answers without the field "${field}", which should contain the identity token`, 5);
}
