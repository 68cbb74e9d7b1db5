import { UserError } from "../../userError";
import { CloudFailure, type CommonKind } from "./failure";

/** The parts of messages about calls that failed for good. */
export interface Refusals<Kind extends string> {
  /** The cloud's name: "Google Cloud". */
  cloud: string;
  /** The caller, in a sentence: "your own AWS login". */
  as: string;
  /** Where it cannot be reached: " in eu-west-1". @default "" */
  where?: string;
  /** What to do about a denial, after the cloud's own message; "" if it names no known permission. */
  remedy(why: string): string;
  /**
   * Messages of this cloud; `undefined`: use the common one. `what` is the work, such as "submitting the run"; `why` is the cloud's own
   * message.
   */
  sentences: { [K in Kind | CommonKind]?: (what: string, why: string, failure: CloudFailure<Kind>) => string | undefined };
}

/**
 * Convert a failure to the user's message: exit code 5.
 * @param what the work, such as "submitting the run"
 */
export function refusalOf<Kind extends string>(what: string, failure: CloudFailure<Kind>, of: Refusals<Kind>): UserError {
  const { kind, message: why } = failure;
  const { cloud, as, where = "", remedy, sentences } = of;
  const own = sentences[kind as Kind | CommonKind]?.(what, why, failure);
  if (own !== undefined) return new UserError(own, 5);
  if (failure.details.untrusted)
    return new UserError(
      `${what}: this machine does not trust the certificate of ${cloud}${where}: set NODE_EXTRA_CA_CERTS to the file of its authority (a proxy may have one; a fake cloud makes a new one at each start): ${why}`,
      5,
    );
  switch (kind) {
    case "denied":
      return new UserError(`${what}: access denied for ${as}: ${why}${remedy(why)}`, 5);
    case "throttled":
      return new UserError(`${what}: ${cloud} allows no more calls at the moment: ${why}`, 5);
    case "unsent":
    case "unclear":
      return new UserError(`${what}: ${cloud} cannot be reached${where}: ${why}`, 5);
    default:
      return new UserError(`${what} was refused by ${cloud}: ${why}`, 5);
  }
}

/** Do some work; a call that failed for good becomes the user's message. */
export async function explaining<Kind extends string, T>(
  what: string,
  work: () => Promise<T>,
  explain: (what: string, failure: CloudFailure<Kind>) => UserError,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CloudFailure)) throw error;
    const explained = explain(what, error);
    // Whoever can get other credentials looks at the kind.
    explained.cause ??= error;
    throw explained;
  }
}
