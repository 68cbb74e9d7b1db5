import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Client } from "pg";
import { UserError } from "../../userError";

/** The login that is bound to its TLS connection, so that nobody between can pass it on. */
const BOUND = "SCRAM-SHA-256-PLUS";

/**
 * A client that refuses any other login, as libpq does with `channel_binding=require`. The driver would use another one if the server
 * offers none that is bound.
 */
export function boundClient(PgClient: typeof Client): typeof Client {
  return class extends PgClient {
    constructor(...args: ConstructorParameters<typeof Client>) {
      super(...args);
      const { connection } = this as unknown as { connection: EventEmitter & { stream: Socket } };
      let isBound = false;
      const refuse = () => {
        const message =
          "channel_binding=require in the ledger's URL needs a login that is bound to the TLS connection, and the server offers none: use scram-sha-256 there, or leave out channel_binding";
        connection.emit("error", new UserError(message, 5));
        // The driver must not send the password after all.
        connection.stream.destroy();
      };
      connection.prependListener("authenticationSASL", ({ mechanisms }: { mechanisms: string[] }) => {
        isBound = mechanisms.includes(BOUND);
        if (!isBound) refuse();
      });
      for (const other of ["authenticationCleartextPassword", "authenticationMD5Password"]) connection.prependListener(other, refuse);
      connection.prependListener("authenticationOk", () => {
        if (!isBound) refuse();
      });
    }
  };
}
