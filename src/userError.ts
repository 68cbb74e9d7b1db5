import { readable } from "./shown";

/** A wrong field of a request. */
export interface FieldFault {
  /** JSON pointer (RFC 6901) into the request: `/parameters/name`, `/jobVariables/image`, `/tags/0`. */
  path: string;
  message: string;
}

/**
 * A mistake of the user, or a refusal by another service. It is not a bug of pushpool, so it prints as one message without a stack trace.
 * The message says how to fix the problem.
 *
 * The constructor makes the message safe to print: it escapes control characters and cuts quotations to about 100 characters.
 *
 * Exit code 2: invalid input, nothing was sent. Exit code 5: refused or unreachable; the message says what was sent.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  /** The fields of the request that are wrong, if it is known which: the message names them all. */
  readonly fields?: readonly FieldFault[];

  constructor(
    message: string,
    readonly exitCode: 2 | 5 = 2,
    { fields }: { fields?: readonly FieldFault[] } = {},
  ) {
    super(readable(message));
    if (fields) this.fields = fields.map(({ path, message }) => ({ path, message: readable(message) }));
  }
}

/** The ledger cannot be used at the moment. That says nothing about what was begun elsewhere: a run may have started. */
export class LedgerError extends UserError {}
