import { AsyncLocalStorage } from "node:async_hooks";
import type { AccessToken, GetTokenOptions, TokenCredential, TokenCredentialOptions } from "@azure/identity";
import { CALL_TIMEOUT } from "../cloud/calls";
import { textOfReply } from "../cloud/failure";
import type { Explanation } from "../cloud/identityToken";

/** The last reply of Microsoft Entra. */
interface Reply {
  status?: number | undefined;
  retryAfter?: string | undefined;
  /** In its own words. */
  said?: string | undefined;
  /** Why there was none. */
  cause?: unknown;
  /** The identity token to send. Azure's library asks for it twice. */
  assertion?: Promise<string>;
  /** Why there was none. Azure's library would have only its message. */
  unsent?: unknown;
}

/** The error that Azure's library throws if it gets no token. */
const LOGIN = /^(AuthenticationRequiredError|AuthenticationError|CredentialUnavailableError|AggregateAuthenticationError)$/;

/** Azure's library could not ask. It calls that an unavailable credential, too. */
const UNREACHED = /endpoints_resolution_error|network_error/;

/** How long before its end a token is replaced, in milliseconds. */
const EARLY = 300_000;

/** There is no token. The message is what Microsoft Entra said, or else Azure's library. */
export class LoginError extends Error {
  override readonly name = "LoginError";
  /** Of Entra's reply; absent: there was none. */
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  /** Whether nobody is logged in here. */
  readonly nobody: boolean;

  /** @param explanation why Entra may have denied an identity token */
  constructor(
    error: Error,
    reply: Reply,
    readonly explanation: Explanation | undefined,
  ) {
    super(inShort(/AADSTS\d/.test(error.message) ? error.message : (reply.said ?? error.message)), { cause: reply.cause });
    this.status = reply.status ?? (error as { statusCode?: number }).statusCode;
    this.retryAfter = reply.retryAfter;
    this.nobody = /^(CredentialUnavailable|AggregateAuthentication)Error$/.test(error.name) && !UNREACHED.test(error.message);
  }
}

/** Identity tokens, which a credential sends in place of a secret. */
export interface Assertions {
  get(): Promise<string>;
  explanation(): Explanation;
}

/**
 * A credential whose errors are {@link LoginError}s: Azure's library itself does not say whether Entra refused, or could not answer. An
 * error of the assertions is thrown as it is. Callers share tokens, and one request for a new one.
 * @param make makes it from its options, and from what gets an assertion
 * @param assertions absent: it logs in otherwise
 */
export function loginOver(
  make: (options: TokenCredentialOptions, assertion: () => Promise<string>) => TokenCredential,
  assertions?: Assertions,
): TokenCredential {
  const replies = new AsyncLocalStorage<Reply>();
  const policy: NonNullable<TokenCredentialOptions["additionalPolicies"]>[number]["policy"] = {
    name: "pushpoolLogin",
    sendRequest: async (request, next) => {
      const reply = replies.getStore() ?? {};
      Object.assign(reply, { status: undefined, retryAfter: undefined, said: undefined, cause: undefined });
      // Otherwise Azure's library would wait for ever.
      request.timeout = CALL_TIMEOUT;
      const response = await next(request).catch((error: unknown) => {
        reply.cause = error;
        throw error;
      });
      reply.status = response.status;
      reply.retryAfter = response.headers.get("retry-after");
      reply.said = descriptionIn(response.bodyAsText ?? "");
      return response;
    },
  };
  const assertion = async (): Promise<string> => {
    const reply = replies.getStore() ?? {};
    reply.assertion ??= assertions?.get() ?? Promise.resolve("");
    try {
      return await reply.assertion;
    } catch (error) {
      reply.unsent = error;
      throw error;
    }
  };
  let credential: TokenCredential | undefined;
  const ask = async (scopes: string | string[], options: GetTokenOptions): Promise<AccessToken | null> => {
    const reply: Reply = {};
    credential ??= make({ additionalPolicies: [{ position: "perRetry", policy }] }, assertion);
    const own = credential;
    try {
      return await replies.run(reply, () => own.getToken(scopes, options));
    } catch (error) {
      // It may repeat the last reply for a minute.
      if (credential === own) credential = undefined;
      if (reply.unsent !== undefined) throw reply.unsent;
      throw error instanceof Error && LOGIN.test(error.name) ? new LoginError(error, reply, assertions?.explanation()) : error;
    }
  };
  const asked = new Map<string, Promise<AccessToken | null>>();
  const known = new Map<string, AccessToken>();
  return {
    getToken: async (scopes, { abortSignal: _, ...options } = {}) => {
      const { enableCae = false, claims = "", tenantId = "" } = options;
      const key = JSON.stringify([[scopes].flat(), enableCae, claims, tenantId]);
      // Azure's library asks for an assertion even if it still has a token.
      const current = claims === "" ? known.get(key) : undefined;
      if (current && current.expiresOnTimestamp - EARLY > Date.now()) return current;
      const shared = asked.get(key) ?? ask(scopes, options).finally(() => asked.delete(key));
      asked.set(key, shared);
      const token = await shared;
      if (token) known.set(key, token);
      return token;
    },
  };
}

function descriptionIn(body: string): string | undefined {
  try {
    const { error_description: said } = JSON.parse(body) as { error_description?: unknown };
    return typeof said === "string" ? said : undefined;
  } catch {
    return undefined;
  }
}

/** Entra's own words, which come with the same ids and times again and again. */
function inShort(message: string): string {
  const [, said, trace] = /(AADSTS\d+: .*?)\s*(?:Trace ID: (\S+).*|Correlation ID: .*|Timestamp: .*)?$/.exec(textOfReply(message)) ?? [];
  return said === undefined ? message : `${said}${trace === undefined ? "" : ` (trace ID ${trace})`}`;
}
