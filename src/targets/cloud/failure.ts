import { isUnsent, networkCode } from "./networkErrors";

/**
 * How a call to a cloud failed, as far as all clouds have it. A cloud adds kinds of its own.
 *
 * - `throttled`: refused for now; nothing was done.
 * - `unsent`: it cannot have reached the cloud.
 * - `unclear`: it may or may not have been done (5xx, connection lost, no answer in time).
 * - `unauthenticated`: the cloud does not know the credentials, or not yet, or not any more.
 * - `denied`: a permission is missing, or not there yet.
 * - `young`: something that was just made is not known everywhere yet, in the cloud's own words.
 * - `missing`: what the call is about is not there.
 * - `refused`: anything else that trying again does not help.
 */
export type CommonKind = "throttled" | "unsent" | "unclear" | "unauthenticated" | "denied" | "young" | "missing" | "refused";

/** What some failures tell beside their kind. */
export interface FailureDetails {
  /** Names of what an earlier call with the same token has started. */
  existing?: readonly string[];
  /** This machine's clock minus the cloud's, in milliseconds. */
  clockOffset?: number;
  /** When the cloud takes the next call, in milliseconds from now. */
  retryAfter?: number;
}

/** A failed call to a cloud. The message is the cloud's own, on one line. */
export class CloudFailure<Kind extends string = CommonKind> extends Error {
  override readonly name = "CloudFailure";

  constructor(
    readonly kind: Kind | CommonKind,
    message: string,
    readonly details: FailureDetails = {},
  ) {
    super(message);
  }
}

/** Whether the same call may do better later. */
export function mayPass({ kind }: CloudFailure<string>): boolean {
  return kind === "throttled" || kind === "unsent" || kind === "unclear";
}

/** What a call answers; `undefined` where what it is about is not there. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error) => {
    if (error instanceof CloudFailure && error.kind === "missing") return undefined;
    throw error;
  });
}

/**
 * What turns anything that a call threw into a {@link CloudFailure}. What comes from no call is a bug: it is thrown again.
 * @param classify what the cloud or its SDK says; `undefined`: they say nothing
 */
export function failureReader<Kind extends string>(
  classify: (error: Error, message: string) => CloudFailure<Kind> | undefined,
): (error: unknown) => CloudFailure<Kind> {
  return (error) => {
    if (error instanceof CloudFailure) return error;
    if (!(error instanceof Error)) throw error;
    const message = oneLine(error.message) || error.name;
    const network = networkCode(error);
    if (network !== undefined && isUnsent(network)) return new CloudFailure<Kind>("unsent", `${message} (${network})`);
    const found = classify(error, message);
    if (found) return found;
    if (network !== undefined || isTimeout(error) || message === "fetch failed") return new CloudFailure<Kind>("unclear", message);
    throw error;
  };
}

function isTimeout({ name, message }: Error): boolean {
  return name === "TimeoutError" || name === "AbortError" || /socket hang up|timed out/i.test(message);
}

/** A cloud's text on one line, without control characters; of an HTML page only its words. */
export function oneLine(text: string): string {
  const words = /<(!doctype|html|title)\b/i.test(text)
    ? text.replaceAll(/<(style|script)\b[\s\S]*?<\/\1>/gi, " ").replaceAll(/<[^>]*>/g, " ")
    : text;
  return words.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
}
