import { readable } from "./shown";

/**
 * A mistake of the user's, or a refusal from outside, not a bug of ours: shown as one message with the way out, without a stack.
 *
 * The message is made safe to print: control characters are written out, and quotations are cut to some hundred characters.
 *
 * Exit code 2: bad input, nothing was sent. 5: refused or unreachable; the message says what was sent.
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
