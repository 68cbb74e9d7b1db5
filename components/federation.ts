import * as pulumi from "@pulumi/pulumi";
import type { Federation, TokenSource } from "../src/manifest/manifest";
import { escaped, quoted } from "../src/shown";
import { type ArgumentNames, checkArguments, checkList, checkText, checkVariableNames, type Declared, kindOf, refuse } from "./checks";
import { Credentials } from "./submitting";

/** A repository whose GitHub Actions jobs may submit. */
export interface GitHubActionsArgs {
  /**
   * The repository: owner/name.
   * @example repository: "acme/etl"
   */
  repository: string;
  /**
   * Only jobs for this branch. By default all jobs of the repository. It excludes environment.
   * @example branch: "main"
   */
  branch?: string;
  /**
   * Only jobs with this environment. By default all jobs of the repository. It excludes branch.
   * @example environment: "production"
   */
  environment?: string;
  /**
   * The number of the repository's owner. GitHub's subjects contain the numbers of repositories that were created or renamed since July
   * 2026, so those need it, with repositoryId. By default the subject has only names.
   * @example ownerId: "9919"
   */
  ownerId?: string;
  /**
   * The number of the repository. See ownerId. By default the subject has only names.
   * @example repositoryId: "1296269"
   */
  repositoryId?: string;
  /**
   * URL of your GitHub Enterprise Server. By default github.com.
   * @example server: "https://github.acme.com"
   */
  server?: string;
}

/** A project whose GitLab jobs may submit. */
export interface GitLabArgs {
  /**
   * Path of the project.
   * @example project: "acme/etl"
   */
  project: string;
  /**
   * Only jobs for this branch. By default all jobs of the project.
   * @example branch: "main"
   */
  branch?: string;
  /**
   * URL of your own GitLab. By default gitlab.com.
   * @example server: "https://gitlab.acme.com"
   */
  server?: string;
}

/** Who may submit without a key: one of github, gitlab and issuer, or logins, or both. */
export interface FederationArgs {
  /**
   * The jobs of a GitHub repository. Each needs `permissions: { id-token: write }`. By default none. It excludes gitlab and issuer.
   * @example github: { repository: "acme/etl", branch: "main" }
   */
  github?: GitHubActionsArgs;
  /**
   * The jobs of a GitLab project. Each needs `id_tokens: { PUSHPOOL_ID_TOKEN: { aud: … } }`. By default none. It excludes
   * github and issuer.
   * @example gitlab: { project: "acme/etl", branch: "main" }
   */
  gitlab?: GitLabArgs;
  /**
   * URL of any other OIDC issuer: a cluster, another cloud, your own. By default none. It needs subjects, and
   * excludes github and gitlab.
   * @example issuer: "https://oidc.eks.eu-west-1.amazonaws.com/id/0123"
   */
  issuer?: string;
  /**
   * The subjects of that issuer which may submit: the exact sub of their tokens. With another issuer they must be given; by
   * default github and gitlab have their own.
   * @example subjects: ["system:serviceaccount:etl:dispatcher"]
   */
  subjects?: string[];
  /**
   * What the tokens must be for: their aud. By default the one that the cloud asks for.
   * @example audience: "pushpool"
   */
  audience?: string;
  /**
   * Path of a file that always holds a valid token, where runs are submitted. By default tokenVariable applies. It excludes
   * tokenVariable and tokenUrl.
   * @example tokenFile: "/var/run/secrets/tokens/pushpool"
   */
  tokenFile?: string;
  /**
   * Name of an environment variable with the token. By default PUSHPOOL_ID_TOKEN; with github, and with the issuer of GitHub, its token
   * endpoint.
   * @example tokenVariable: "CI_JOB_JWT"
   */
  tokenVariable?: string;
  /**
   * URL that answers with the token. By default tokenVariable applies. It excludes tokenFile and tokenVariable.
   * @example tokenUrl: "http://127.0.0.1:8080/token"
   */
  tokenUrl?: string;
  /**
   * Who may use their own cloud login to act as the identity of the pool: members of IAM on Google Cloud, ARNs on AWS. By default nobody. Not on Azure, where nobody can act as an application: list them in the pool's submitters.
   * @example logins: ["user:ada@acme.com"]
   */
  logins?: pulumi.Input<string>[];
}

const FEDERATION_ARGUMENTS: ArgumentNames<FederationArgs> = {
  github: "optional",
  gitlab: "optional",
  issuer: "optional",
  subjects: "optional",
  audience: "optional",
  tokenFile: "optional",
  tokenVariable: "optional",
  tokenUrl: "optional",
  logins: "optional",
};
const GITHUB_ARGUMENTS: ArgumentNames<GitHubActionsArgs> = {
  repository: "required",
  branch: "optional",
  environment: "optional",
  ownerId: "optional",
  repositoryId: "optional",
  server: "optional",
};
const GITLAB_ARGUMENTS: ArgumentNames<GitLabArgs> = { project: "required", branch: "optional", server: "optional" };

/** Whom a cloud trusts, in one form for all clouds. */
export interface Trust {
  issuer: string;
  /** Absent: what the cloud asks for. */
  audience?: string;
  /** The tokens' `sub`; a `*` at the end matches any characters. */
  subjects: readonly string[];
  /** Claims that a pattern in {@link subjects} matches: `repository` is `acme/etl`. Empty if all subjects are exact. */
  claims: Readonly<Record<string, string>>;
  token: TokenSource;
  /** With {@link subjects} empty, nobody else may submit. */
  logins: readonly pulumi.Input<string>[];
}

const GITHUB = "https://token.actions.githubusercontent.com";
/** Anyone can have an account there. */
const PUBLIC_ISSUERS = [
  GITHUB,
  "https://gitlab.com",
  "https://accounts.google.com",
  "https://app.terraform.io",
  "https://agent.buildkite.com",
];
const VARIABLE = "PUSHPOOL_ID_TOKEN";

/**
 * Check whom a pool trusts, and convert it to the one form.
 * @param at path of the argument
 * @throws {pulumi.ResourceError} with the field and the fix; for a trust that is open to a whole issuer
 */
export function trustOf(at: string, args: FederationArgs, of: Declared): Trust {
  checkArguments(at, args, FEDERATION_ARGUMENTS, of);
  const { github, gitlab, issuer, subjects, audience, logins = [] } = args;
  checkExact(`${at}.audience`, audience, of);
  checkList(`${at}.logins`, logins, (field, item) => checkText(field, item, of), of);
  const given = Object.entries({ github, gitlab, issuer }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given.length > 1) refuse(`${at}.${given[0]} and ${at}.${given[1]} cannot both be given: a pool trusts one issuer`, of);
  if (given.length === 0 && logins.length === 0)
    refuse(`${at} is empty, so nobody may submit: give github, gitlab, issuer with subjects, or logins`, of);
  if (subjects !== undefined && issuer === undefined) refuse(`${at}.subjects needs ${at}.issuer; github and gitlab have their own`, of);
  const common = { ...(audience === undefined ? {} : { audience }), logins };
  if (github) return { ...common, ...githubTrust(`${at}.github`, github, of), token: tokenSource(at, args, { from: "github" }, of) };
  const token = tokenSource(at, args, issuer === GITHUB ? { from: "github" } : { from: "environment", variable: VARIABLE }, of);
  if (gitlab) return { ...common, ...gitlabTrust(`${at}.gitlab`, gitlab, of), token };
  if (issuer === undefined) return { ...common, issuer: "", subjects: [], claims: {}, token };
  checkIssuer(`${at}.issuer`, issuer, of);
  checkSubjects(`${at}.subjects`, issuer, subjects, of);
  return { ...common, issuer, subjects: subjects ?? [], claims: {}, token };
}

/** https://docs.github.com/en/actions/reference/security/oidc */
function githubTrust(at: string, github: GitHubActionsArgs, of: Declared): Pick<Trust, "issuer" | "subjects" | "claims"> {
  checkArguments(at, github, GITHUB_ARGUMENTS, of);
  const { repository, branch, environment, ownerId, repositoryId, server } = github;
  checkKnown(`${at}.repository`, repository, of);
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository))
    refuse(
      `${at}.repository "${repository}" must be one repository, such as acme/etl: a pattern would let others submit, because anyone can make a repository`,
      of,
    );
  checkBranch(`${at}.branch`, branch, of);
  checkExact(`${at}.environment`, environment, of);
  checkServer(`${at}.server`, server, of);
  if (branch !== undefined && environment !== undefined)
    refuse(`${at}.branch and ${at}.environment cannot both be given: if a job has an environment, GitHub's subject contains only that`, of);
  if ((ownerId === undefined) !== (repositoryId === undefined))
    refuse(`${at}.ownerId and ${at}.repositoryId must be given together: gh api repos/${repository} shows owner.id and id`, of);
  for (const [field, value] of Object.entries({ ownerId, repositoryId }))
    if (value !== undefined && !/^[0-9]+$/.test(value))
      refuse(`${at}.${field} "${value}" must be a number, as gh api repos/${repository} shows`, of);
  const [owner, name] = repository.split("/");
  const place = ownerId === undefined ? repository : `${owner}@${ownerId}/${name}@${repositoryId}`;
  const rest = branch === undefined ? environment && `environment:${environment.replaceAll(":", "%3A")}` : `ref:refs/heads/${branch}`;
  return {
    issuer: server === undefined ? GITHUB : `${server.replace(/\/+$/, "")}/_services/token`,
    subjects: [`repo:${place}:${rest ?? "*"}`],
    claims: rest ? {} : repositoryId === undefined ? { repository } : { repository_id: repositoryId },
  };
}

/** https://docs.gitlab.com/ci/secrets/id_token_authentication/ */
function gitlabTrust(at: string, gitlab: GitLabArgs, of: Declared): Pick<Trust, "issuer" | "subjects" | "claims"> {
  checkArguments(at, gitlab, GITLAB_ARGUMENTS, of);
  const { project, branch, server } = gitlab;
  checkKnown(`${at}.project`, project, of);
  if (!/^[\w.-]+(\/[\w.-]+)+$/.test(project))
    refuse(
      `${at}.project "${project}" must be the path of one project, such as acme/etl: a pattern would let others submit, because anyone can make a project`,
      of,
    );
  checkBranch(`${at}.branch`, branch, of);
  checkServer(`${at}.server`, server, of);
  return {
    issuer: server?.replace(/\/+$/, "") ?? "https://gitlab.com",
    subjects: [`project_path:${project}:${branch === undefined ? "*" : `ref_type:branch:ref:${branch}`}`],
    claims: branch === undefined ? { project_path: project } : {},
  };
}

/**
 * Check a string that decides who may submit. An output is refused: what it contains could not be checked. It also refuses what no token
 * contains, or what nobody would see in a message: control characters, marks that reverse the direction of text, and blanks around it.
 */
function checkKnown(field: string, value: unknown, of: Declared): void {
  if (value === undefined) return;
  if (typeof value !== "string") refuse(`${field} must be a string that is known when the program runs, not ${kindOf(value)}`, of);
  checkText(field, value, of);
  if (value !== value.trim()) refuse(`${field} ${quoted(value)} must not begin or end with a blank`, of);
  if (escaped(value) !== value || /\p{Cc}/u.test(value)) refuse(`${field} ${quoted(value)} must not have control characters`, of);
}

/** What opens a trust: a wildcard, the end of a string in a condition, a variable of a policy of AWS. */
const PATTERN = /[*?'"\\]|\$\{/;

function checkExact(field: string, value: string | undefined, of: Declared): void {
  checkKnown(field, value, of);
  if (value !== undefined && PATTERN.test(value)) refuse(`${field} "${value}" must be exact, without a pattern`, of);
}

function checkBranch(field: string, branch: string | undefined, of: Declared): void {
  checkExact(field, branch, of);
  if (branch?.startsWith("refs/")) refuse(`${field} "${branch}" must be the name of a branch, such as main, without refs/heads/`, of);
  if (branch?.includes(":")) refuse(`${field} "${branch}" must be the name of a branch: git allows no colon there`, of);
}

function checkServer(field: string, server: string | undefined, of: Declared): void {
  if (server === undefined) return;
  checkUrl(field, server, "the https URL of your own server", of);
  // Its tokens have another issuer than those of a server of one's own.
  if (new URL(server).hostname === "github.com") refuse(`${field} must be left out for github.com`, of);
}

function checkIssuer(field: string, issuer: string, of: Declared): void {
  checkUrl(field, issuer, "the https URL of an OIDC issuer, exactly as in the iss of its tokens", of);
  const known = PUBLIC_ISSUERS.find((each) => `${each}/` === issuer);
  if (known !== undefined) refuse(`${field} "${issuer}" must be "${known}": its tokens have no slash at the end`, of);
}

/**
 * A cloud compares an issuer character by character, so it must be written as a URL is: small letters in its host. It has no query and no
 * fragment (https://openid.net/specs/openid-connect-core-1_0.html#IssuerIdentifier).
 */
function checkUrl(field: string, text: string, what: string, of: Declared): void {
  checkKnown(field, text, of);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHere = url?.protocol === "http:" && (url.hostname === "127.0.0.1" || url.hostname === "localhost");
  if (!url || (url.protocol !== "https:" && !isHere)) refuse(`${field} "${text}" must be ${what}`, of);
  if (url.search || url.hash || url.username || url.password || PATTERN.test(text))
    refuse(`${field} must be ${what}: it has no user, no ?, no # and no quotes`, of);
  const begin = `${url.protocol}//${url.host}`;
  if (!text.startsWith(begin)) refuse(`${field} "${text}" must begin with ${begin}`, of);
}

function checkSubjects(field: string, issuer: string, subjects: readonly string[] | undefined, of: Declared): void {
  checkList(field, subjects, (at, item) => checkKnown(at, item, of), of);
  const open = PUBLIC_ISSUERS.includes(issuer) ? ", and anyone can get a token of this issuer" : "";
  if (!subjects?.length) refuse(`${field} is missing: without it the pool is open to everybody with a token of ${issuer}${open}`, of);
  const wrong = subjects.find((each) => PATTERN.test(each));
  if (wrong !== undefined)
    refuse(`${field} "${wrong}" must be exact: a pattern opens the pool to others with a token of ${issuer}${open}`, of);
}

function tokenSource(at: string, { tokenFile, tokenVariable, tokenUrl }: FederationArgs, usual: TokenSource, of: Declared): TokenSource {
  const given = Object.entries({ tokenFile, tokenVariable, tokenUrl }).filter(([, value]) => value !== undefined);
  const [first, second] = given;
  if (first && second) refuse(`${at}.${first[0]} and ${at}.${second[0]} cannot both be given: a token comes from one place`, of);
  for (const [name, value] of given) checkKnown(`${at}.${name}`, value, of);
  if (tokenFile !== undefined) {
    if (tokenFile.startsWith("~")) refuse(`${at}.tokenFile "${tokenFile}" must be a path without ~, which only a shell replaces`, of);
    return { from: "file", path: tokenFile };
  }
  if (tokenUrl !== undefined) {
    if (!URL.canParse(tokenUrl)) refuse(`${at}.tokenUrl "${tokenUrl}" is not a valid URL`, of);
    if (!/^https?:/i.test(tokenUrl)) refuse(`${at}.tokenUrl "${tokenUrl}" must begin with http:// or https://`, of);
    return { from: "url", url: tokenUrl };
  }
  if (tokenVariable !== undefined) checkVariableNames(`${at}.tokenVariable`, { [tokenVariable]: "" }, of);
  return tokenVariable === undefined ? usual : { from: "environment", variable: tokenVariable };
}

/** The manifest entry of a trust. */
export function federationOf(
  { issuer, subjects, token, logins }: Trust,
  cloud: { audience: pulumi.Input<string>; actsAs: pulumi.Input<string> } & Record<string, unknown>,
): Record<keyof Federation, unknown> | Record<string, unknown> {
  return { issuer, subjects: [...subjects], token, ...cloud, ...(logins.length > 0 ? { ownLogin: true } : {}) };
}

/**
 * Check how a pool gets its credentials: federation belongs to federated credentials, and the stack may forbid keys.
 * @param trustIn the cloud's own check of whom it trusts
 * @returns whom the pool trusts, with federated credentials
 */
export function checkFederation(
  { credentials, credentialsBlock, federation }: { credentials?: Credentials; credentialsBlock?: string; federation?: FederationArgs },
  trustIn: (at: string, federation: FederationArgs, of: Declared) => Trust,
  of: Declared,
): Trust | undefined {
  if (credentials === Credentials.Federated) {
    if (federation === undefined)
      refuse('federation is missing: federated credentials need it, for example federation: { github: { repository: "acme/etl" } }', of);
    return trustIn("federation", federation, of);
  }
  if (federation !== undefined) refuse("federation needs federated credentials: credentials: Credentials.Federated", of);
  if (credentials !== Credentials.Ambient && credentialsBlock === undefined)
    checkKeysAllowed("the pool", "give credentials: Credentials.Federated with federation, Credentials.Ambient, or credentialsBlock", of);
  return undefined;
}

/** Refuse what would make a key, if the stack forbids that: `pushpool:keys: forbidden`. */
export function checkKeysAllowed(what: string, instead: string, of: Declared): void {
  const setting = new pulumi.Config("pushpool").get("keys");
  if (setting === undefined || setting === "allowed") return;
  if (setting !== "forbidden") refuse(`the setting pushpool:keys of this stack must be forbidden or allowed, not "${setting}"`, of);
  refuse(`${what} would make a key, and this stack forbids keys (pushpool:keys): ${instead}`, of);
}
