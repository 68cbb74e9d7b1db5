import { isUnsent, networkCode } from "../networkErrors";
import { type FailureKind, kindOf, oneLine, saidBy } from "./googleErrors";

/** A failed call, in one form whether it comes from the SDK (gRPC's numbers) or from plain HTTP. */
export class CloudFailure extends Error {
  override readonly name = "CloudFailure";

  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
  }
}

/** Turn what a call threw into a {@link CloudFailure}; what comes from no call is thrown as it is: a bug. */
export function asFailure(error: unknown): CloudFailure {
  if (error instanceof CloudFailure) return error;
  if (!(error instanceof Error)) throw error;
  const network = networkCode(error);
  const message = oneLine(error.message);
  if (network !== undefined && isUnsent(network)) return new CloudFailure("unsent", `${message} (${network})`);
  if (/could not load the default credentials|unable to detect a project/i.test(message))
    return new CloudFailure("unauthenticated", NO_LOGIN);
  if (BAD_LOGIN.test(message)) return new CloudFailure("unauthenticated", message);
  const said = saidBy(error);
  if (said) return new CloudFailure(kindOf(said), said.message);
  if (network !== undefined || error.name === "AbortError" || error.name === "TimeoutError") return new CloudFailure("unclear", message);
  if (error.name === "TypeError" && error.message === "fetch failed") return new CloudFailure("unclear", message);
  throw error;
}

/** What Google's libraries say of credentials that they cannot use; nothing was asked yet. */
const BAD_LOGIN =
  /^the (file at .* does not exist|file path is invalid|incoming JSON object)|universe domain\b.*does not match|^error:\w+:DECODER/i;

export const NO_LOGIN =
  "there are no Google Cloud credentials here: log in with `gcloud auth application-default login`, or give the work pool a credentials block";

/** Whether the same call may do better later. */
export function mayPass({ kind }: CloudFailure): boolean {
  return kind === "throttled" || kind === "unsent" || kind === "unclear";
}
