import type { Json } from "./json";

/** Replaces every secret that must not be shown: in plans, logs, errors, `--json` output and masked manifests. */
export const MASK = "[secret]";

/** A literal string, or the place of a secret in the manifest (a JSON pointer, RFC 6901). */
export type SecretPart = string | { readonly pointer: string };

/**
 * A secret on its way from the manifest to a submission.
 *
 * It prints as the mask in every form (JSON, string, `console.log`). Only {@link Secret.reveal} returns the value, and only the code that
 * submits a run calls it. Its `parts` describe how to build the secret from a manifest, so that the ledger keeps a reference instead of the
 * value. A single pointer keeps the type of its value; several parts are joined into a string.
 */
export class Secret {
  readonly parts: readonly SecretPart[];
  readonly #value: Json | undefined;

  /** @param value `undefined` if only a masked manifest was available: {@link Secret.reveal} then throws */
  constructor(parts: readonly SecretPart[], value?: Json) {
    this.parts = parts;
    this.#value = value;
  }

  /** Whether the value is available. */
  get known(): boolean {
    return this.#value !== undefined;
  }

  /** The manifest paths of its secret parts, for messages. */
  get pointers(): string[] {
    return this.parts.filter((part) => typeof part !== "string").map((part) => part.pointer);
  }

  /**
   * The value itself. Only the code that submits a run may call this.
   * @throws {Error} if the value is not available
   */
  reveal(): Json {
    if (this.#value === undefined) throw new Error(`the value of the secret at ${this.pointers.join(", ")} is not available`);
    return this.#value;
  }

  toJSON(): string {
    return MASK;
  }

  toString(): string {
    return MASK;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return MASK;
  }
}
