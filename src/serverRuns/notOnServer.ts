import { UserError } from "../userError";

/** The server does not have a run: it was deleted there, or made on another server. Exit code 5. */
export class NotOnServer extends UserError {
  constructor(id: string) {
    super(
      `flow run ${id} is not on the Prefect server: it was deleted there, or made on another server. ` +
        `If it was submitted from here, its infrastructure may still run: \`pushpool cancel ${id}\` stops it`,
      5,
    );
  }
}
