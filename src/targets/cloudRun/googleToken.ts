import { CloudFailure, mayPass } from "../cloud/failure";
import type { Access } from "./googleAccess";
import { asFailure } from "./googleFailures";
import type { FederatedLogin } from "./googleFederation";

/** Get the token of the next calls, from memory while it is valid. A key signs its own. */
export async function getToken(access: Access): Promise<void> {
  const federated = await access.federated?.();
  if (!federated) {
    const { client } = await access.auth();
    await client.getRequestHeaders(access.endpoints.run.href);
    return;
  }
  try {
    await federated.ready();
  } catch (error) {
    throw explained(error, federated);
  }
}

/** Make a call. Google may refuse a token before its end: a clock is wrong, or a session was ended. Then it is repeated with a new token. */
export async function withFreshToken<T>(access: Access, call: () => Promise<T>): Promise<T> {
  const federated = await access.federated?.();
  if (!federated) return call();
  try {
    return await call();
  } catch (error) {
    if (asFailure(error).kind !== "unauthenticated") throw error;
  }
  try {
    await federated.renew();
  } catch (error) {
    throw explained(error, federated);
  }
  return call();
}

/** A denied exchange of tokens, with the condition that failed. */
function explained(error: unknown, { explanation }: FederatedLogin): unknown {
  const failure = error instanceof Error && error.name === "UserError" ? undefined : asFailure(error);
  if (!failure || mayPass(failure)) return failure ?? error;
  // The token service answers a denial with several codes.
  const kind = failure.kind === "refused" || failure.kind === "missing" ? "unauthenticated" : failure.kind;
  return new CloudFailure(kind, failure.message, {
    ...failure.details,
    ...explanation(),
  });
}
