import { LedgerError, UserError } from "../../userError";
import { isUnsent, isUntrusted, networkCode } from "./networkErrors";

/**
 * How a call to a cloud failed: the kinds that all clouds have. A cloud adds its own kinds.
 *
 * - `throttled`: refused for now; nothing was done.
 * - `unsent`: it cannot have reached the cloud.
 * - `unclear`: it may have succeeded or not (5xx, connection lost, no answer in time).
 * - `unauthenticated`: the cloud does not accept the credentials, not yet, or no longer.
 * - `denied`: a permission is missing, or not yet effective.
 * - `young`: the cloud itself reports that something new is not yet effective.
 * - `missing`: the subject of the call does not exist.
 * - `refused`: any other failure for which a retry does not help.
 */
export type CommonKind = "throttled" | "unsent" | "unclear" | "unauthenticated" | "denied" | "young" | "missing" | "refused";

/** Details of some failures. */
export interface FailureDetails {
  /** Names of the things that an earlier call with the same token has started. */
  existing?: readonly string[];
  /** This machine's clock minus the cloud's, in milliseconds. */
  clockOffset?: number;
  /** When the cloud takes the next call, in milliseconds from now. */
  retryAfter?: number;
  /** This machine does not trust the certificate of the cloud, or of a proxy before it. */
  untrusted?: true;
  /** Why an exchange of tokens was denied, and what to do, to append to the cloud's own message. */
  advice?: string;
  /** No retry helps, however new the credentials are: the identity token is not one that the pool trusts. */
  mismatch?: true;
  /** An earlier try of the same call was `unclear`: it may have succeeded. */
  perhapsDone?: true;
}

/** A failed call to a cloud. The message is the cloud's own, in one line. */
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

/** Whether a retry may succeed. */
export function mayPass({ kind }: CloudFailure<string>): boolean {
  return kind === "throttled" || kind === "unsent" || kind === "unclear";
}

/** Whether it is certain after a failure that nothing was started: the cloud refused it, or it was never sent. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof CloudFailure) return error.kind !== "unclear" && !error.details.perhapsDone;
  // A fault of the ledger may come after the start.
  return error instanceof UserError && !(error instanceof LedgerError);
}

/** The result of a call; `undefined` if its subject does not exist. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error) => {
    if (error instanceof CloudFailure && error.kind === "missing") return undefined;
    throw error;
  });
}

/**
 * Convert anything that a call threw to a {@link CloudFailure}. An error that no call threw is a bug: it is thrown again.
 * @param classify reads the error of the cloud or its SDK; `undefined`: it is not one
 */
export function failureReader<Kind extends string>(
  classify: (error: Error, message: string) => CloudFailure<Kind> | undefined,
): (error: unknown) => CloudFailure<Kind> {
  return (error) => {
    if (error instanceof CloudFailure) return error;
    if (!(error instanceof Error)) throw error;
    const message = textOfReply(error.message) || error.name;
    const network = networkCode(error);
    if (network !== undefined && isUnsent(network))
      return new CloudFailure<Kind>("unsent", `${message} (${network})`, isUntrusted(network) ? { untrusted: true } : {});
    const found = classify(error, message);
    if (found) return found;
    if (network !== undefined || isTimeout(error) || message === "fetch failed") return new CloudFailure<Kind>("unclear", message);
    throw error;
  };
}

function isTimeout({ name, message }: Error): boolean {
  return name === "TimeoutError" || name === "AbortError" || /socket hang up|timed out/i.test(message);
}

/** A cloud's text in one line, without control characters; of an HTML page only the text. */
export function textOfReply(text: string): string {
  const words = /<(!doctype|html|title)\b/i.test(text)
    ? text.replaceAll(/<(style|script)\b[\s\S]*?<\/\1>/gi, " ").replaceAll(/<[^>]*>/g, " ")
    : text;
  return words.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
}
