import { UserError } from "../../userError";
import { CloudFailure, type CommonKind } from "./failure";

/** What a user hears of calls that have failed for good. */
export interface Refusals<Kind extends string> {
  /** As people say it: "Google Cloud". */
  cloud: string;
  /** Who called, as a sentence says it: "your own AWS login". */
  as: string;
  /** Where it cannot be reached: " in eu-west-1". @default "" */
  where?: string;
  /** What to do about a denial, after the cloud's own words; "" where they name no permission that is known here. */
  remedy(why: string): string;
  /** Sentences of this cloud's own; `undefined`: the common one. `what` is the work, as "submitting the run"; `why` the cloud's own words. */
  sentences: { [K in Kind | CommonKind]?: (what: string, why: string, failure: CloudFailure<Kind>) => string | undefined };
}

/**
 * A failure as a user hears it: exit code 5.
 * @param what the work, as "submitting the run"
 */
export function refusalOf<Kind extends string>(what: string, failure: CloudFailure<Kind>, of: Refusals<Kind>): UserError {
  const { kind, message: why } = failure;
  const { cloud, as, where = "", remedy, sentences } = of;
  const own = sentences[kind as Kind | CommonKind]?.(what, why, failure);
  if (own !== undefined) return new UserError(own, 5);
  switch (kind) {
    case "denied":
      return new UserError(`${what} is not allowed to ${as}: ${why}${remedy(why)}`, 5);
    case "throttled":
      return new UserError(`${what}: ${cloud} allows no more calls just now: ${why}`, 5);
    case "unsent":
    case "unclear":
      return new UserError(`${what}: ${cloud} cannot be reached${where}: ${why}`, 5);
    default:
      return new UserError(`${what} was refused by ${cloud}: ${why}`, 5);
  }
}

/** Do some work; a call of it that failed for good becomes what the user hears. */
export async function explaining<Kind extends string, T>(
  what: string,
  work: () => Promise<T>,
  explain: (what: string, failure: CloudFailure<Kind>) => UserError,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof CloudFailure ? explain(what, error) : error;
  }
}
