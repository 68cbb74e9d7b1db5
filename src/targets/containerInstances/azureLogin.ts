import { AsyncLocalStorage } from "node:async_hooks";
import type { TokenCredential, TokenCredentialOptions } from "@azure/identity";
import { oneLine } from "../cloud/failure";

/** What Microsoft Entra has replied last. */
interface Reply {
  status?: number | undefined;
  retryAfter?: string | undefined;
  /** In its own words. */
  said?: string | undefined;
  /** Why there was none. */
  cause?: unknown;
}

/** What Azure's library throws if it gets no token. */
const LOGIN = /^(AuthenticationRequiredError|AuthenticationError|CredentialUnavailableError|AggregateAuthenticationError)$/;

/** Azure's library could not ask. It calls that an unavailable credential, too. */
const UNREACHED = /endpoints_resolution_error|network_error/;

/** There is no token. The message is what Microsoft Entra said, or else Azure's library. */
export class LoginError extends Error {
  override readonly name = "LoginError";
  /** Of Entra's reply; absent: there was none. */
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  /** Whether nobody is logged in here. */
  readonly nobody: boolean;

  constructor(error: Error, reply: Reply) {
    super(inShort(/AADSTS\d/.test(error.message) ? error.message : (reply.said ?? error.message)), { cause: reply.cause });
    this.status = reply.status ?? (error as { statusCode?: number }).statusCode;
    this.retryAfter = reply.retryAfter;
    this.nobody = /^(CredentialUnavailable|AggregateAuthentication)Error$/.test(error.name) && !UNREACHED.test(error.message);
  }
}

/**
 * A credential whose errors are {@link LoginError}s: Azure's library itself does not say whether Entra refused, or could not answer.
 * @param make makes it from its options
 */
export function loginOver(make: (options: TokenCredentialOptions) => TokenCredential): TokenCredential {
  const replies = new AsyncLocalStorage<Reply>();
  const policy: NonNullable<TokenCredentialOptions["additionalPolicies"]>[number]["policy"] = {
    name: "pushpoolLogin",
    sendRequest: async (request, next) => {
      const reply = replies.getStore() ?? {};
      Object.assign(reply, { status: undefined, retryAfter: undefined, said: undefined, cause: undefined });
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
  let credential: TokenCredential | undefined;
  return {
    getToken: async (scopes, options) => {
      const reply: Reply = {};
      credential ??= make({ additionalPolicies: [{ position: "perRetry", policy }] });
      const own = credential;
      try {
        return await replies.run(reply, () => own.getToken(scopes, options));
      } catch (error) {
        // It may repeat what it heard, for a minute.
        if (credential === own) credential = undefined;
        throw error instanceof Error && LOGIN.test(error.name) ? new LoginError(error, reply) : error;
      }
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
  const [, said, trace] = /(AADSTS\d+: .*?)\s*(?:Trace ID: (\S+).*|Correlation ID: .*|Timestamp: .*)?$/.exec(oneLine(message)) ?? [];
  return said === undefined ? message : `${said}${trace === undefined ? "" : ` (trace ID ${trace})`}`;
}
