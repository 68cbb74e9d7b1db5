import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { Hono } from "hono";
import type { Json, JsonObject } from "../../../json";
import { listen, type Served } from "./listen";

/** How a fake issuer behaves. */
export interface FakeIssuerOptions {
  /** The `iss` of its tokens, such as GitHub's. A fake cloud then needs to know where its documents are: its option `issuers`. @default its own URL */
  issuer?: string;
  /** @default any free port */
  port?: number;
  /** How long its tokens are valid, in seconds. @default 300, as GitHub's */
  lifetime?: number;
}

/** A GitHub Actions job, as far as its token says. */
export interface FakeGitHubJob {
  /** `owner/name` */
  repository: string;
  /** @default "main" */
  branch?: string;
  environment?: string;
  /** The numbers of owner and repository, for a repository with immutable subjects. */
  ids?: { owner: string; repository: string };
}

/** A GitLab job, as far as its token says. */
export interface FakeGitLabJob {
  /** Path of the project. */
  project: string;
  /** @default "main" */
  branch?: string;
}

/** A running issuer. */
export interface FakeIssuer {
  issuer: string;
  /** Where its documents are: `/.well-known/openid-configuration`. */
  url: string;
  /** How long its tokens are valid, in seconds. Tests may change it. */
  lifetime: number;
  /** A signed token. The claims override the usual ones: `iss`, `iat`, `nbf`, `exp`, `jti`. */
  token(claims: JsonObject & { sub: string; aud: Json }): string;
  /** A token as GitHub gives it to a job (https://docs.github.com/en/actions/reference/security/oidc). */
  githubToken(job: FakeGitHubJob, audience: string): string;
  /** A token as GitLab gives it to a job (https://docs.gitlab.com/ci/secrets/id_token_authentication/). */
  gitlabToken(job: FakeGitLabJob, audience: string): string;
  /** The environment variables of a GitHub job that may have a token. */
  githubEnv(job: FakeGitHubJob): Record<"GITHUB_ACTIONS" | "ACTIONS_ID_TOKEN_REQUEST_URL" | "ACTIONS_ID_TOKEN_REQUEST_TOKEN", string>;
  /** The audiences for which GitHub's endpoint was asked, oldest first. */
  asked: string[];
  /** Sign with a new key from now on, which is published; the old one no longer is. */
  changeKey(): void;
  /** Stop the issuer. Its address then refuses connections. */
  stop(): Promise<void>;
}

interface SigningKey {
  id: string;
  privateKey: KeyObject;
  jwk: JsonObject;
}

/**
 * An OIDC issuer on this machine: a discovery document, published keys, and tokens that they sign. It has GitHub's token endpoint for jobs.
 *
 * ```ts
 * const issuer = await startFakeIssuer({ issuer: "https://token.actions.githubusercontent.com" });
 * const google = await startFakeGoogleCloud({ issuers: { [issuer.issuer]: issuer.url } });
 * Object.assign(env, issuer.githubEnv({ repository: "acme/etl" }));
 * ```
 */
export async function startFakeIssuer(options: FakeIssuerOptions = {}): Promise<FakeIssuer> {
  let key = newKey();
  const jobs = new Map<string, FakeGitHubJob>();
  const asked: string[] = [];
  const app = new Hono<Served>();
  app.get("/.well-known/openid-configuration", (context) =>
    context.json({
      issuer: fake.issuer,
      jwks_uri: `${fake.url}/.well-known/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    }),
  );
  app.get("/.well-known/jwks", (context) => context.json({ keys: [key.jwk] }));
  app.get("/idtoken", (context) => {
    const [, secret = ""] = /^bearer (.+)$/i.exec(context.req.header("authorization") ?? "") ?? [];
    const job = jobs.get(secret);
    if (!job) return context.json({ message: "Unauthorized" }, 401);
    const audience = context.req.query("audience") ?? `https://github.com/${job.repository.split("/")[0]}`;
    asked.push(audience);
    return context.json({ count: 1, value: fake.githubToken(job, audience) });
  });
  const { url, close } = await listen(app, { port: options.port ?? 0 });

  const fake: FakeIssuer = {
    issuer: options.issuer ?? url,
    url,
    lifetime: options.lifetime ?? 300,
    asked,
    token: (claims) => {
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: fake.issuer, iat: now, nbf: now, exp: now + fake.lifetime, jti: randomBytes(8).toString("hex") };
      return signed(key, { ...usual, ...claims });
    },
    githubToken: ({ repository, branch = "main", environment, ids }, audience) => {
      const [owner = "", name = ""] = repository.split("/");
      const place = ids ? `${owner}@${ids.owner}/${name}@${ids.repository}` : repository;
      const ref = `refs/heads/${branch}`;
      return fake.token({
        sub: `repo:${place}:${environment === undefined ? `ref:${ref}` : `environment:${environment.replaceAll(":", "%3A")}`}`,
        aud: audience,
        ref,
        ref_type: "branch",
        repository,
        repository_owner: owner,
        repository_id: ids?.repository ?? "1296269",
        repository_owner_id: ids?.owner ?? "9919",
        ...(environment === undefined ? {} : { environment }),
        workflow_ref: `${repository}/.github/workflows/run.yml@${ref}`,
        event_name: "push",
        runner_environment: "github-hosted",
      });
    },
    gitlabToken: ({ project, branch = "main" }, audience) =>
      fake.token({
        sub: `project_path:${project}:ref_type:branch:ref:${branch}`,
        aud: audience,
        project_path: project,
        namespace_path: project.split("/").slice(0, -1).join("/"),
        ref: branch,
        ref_type: "branch",
        ref_protected: "true",
        user_login: "ada",
      }),
    githubEnv: (job) => {
      const secret = randomBytes(16).toString("hex");
      jobs.set(secret, job);
      return {
        GITHUB_ACTIONS: "true",
        ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/idtoken?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
      };
    },
    changeKey: () => {
      key = newKey();
    },
    stop: close,
  };
  return fake;
}

function newKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = publicKey.export({ format: "jwk" }) as JsonObject;
  const id = createHash("sha256").update(JSON.stringify(jwk)).digest("hex").slice(0, 32);
  return { id, privateKey, jwk: { ...jwk, kid: id, use: "sig", alg: "RS256" } };
}

function signed({ id, privateKey }: SigningKey, claims: JsonObject): string {
  const part = (value: JsonObject) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ typ: "JWT", alg: "RS256", kid: id })}.${part(claims)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(privateKey).toString("base64url")}`;
}
