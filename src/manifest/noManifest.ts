import { UserError } from "../userError";

/**
 * The stack has no manifest in any of the places that are searched. Then nothing names a ledger. A manifest that exists but cannot be read
 * is another error, because it may name one.
 */
export class NoManifest extends UserError {}
