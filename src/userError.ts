import { readable } from "./shown";

/**
 * A mistake of the user, or a refusal of another service. It is not a bug of pushpool, so it prints as one message without a stack trace.
 * The message says how to fix the problem.
 *
 * The constructor makes the message safe to print: it escapes control characters and cuts quotations to about 100 characters.
 *
 * Exit code 2: invalid input, nothing was sent. Exit code 5: refused or unreachable; the message says what was sent.
 */
export class UserError extends Error {
  override readonly name = "UserError";

  constructor(
    message: string,
    readonly exitCode: 2 | 5 = 2,
  ) {
    super(readable(message));
  }
}
