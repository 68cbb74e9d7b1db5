import { UserError } from "../userError";

/** There is no manifest of the stack in any place where one is searched: other than one that is there and cannot be read, it names no ledger. */
export class NoManifest extends UserError {}
