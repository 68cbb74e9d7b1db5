import type { Json } from "./json";

/** What stands wherever a secret may not be shown: in plans, logs, errors, `--json` output, masked manifests. */
export const MASK = "[secret]";

/** Literal text, or where in the manifest the secret piece stands (a JSON pointer, RFC 6901). */
export type SecretPart = string | { readonly pointer: string };

/**
 * A secret on its way from the manifest to a submission.
 *
 * It prints as the mask in every form (JSON, string, `console.log`); only {@link Secret.reveal} gives the value away, and only submitting calls that.
 * Its `parts` say how to make it again from a manifest, so that the ledger can keep a reference instead of the value: one pointer alone keeps its
 * type, several parts are joined as text.
 */
export class Secret {
  readonly parts: readonly SecretPart[];
  readonly #value: Json | undefined;

  /** @param value absent when only a masked manifest was at hand: {@link Secret.reveal} then throws */
  constructor(parts: readonly SecretPart[], value?: Json) {
    this.parts = parts;
    this.#value = value;
  }

  /** Whether the value is at hand. */
  get known(): boolean {
    return this.#value !== undefined;
  }

  /** The manifest paths it was made of, for messages. */
  get pointers(): string[] {
    return this.parts.filter((part) => typeof part !== "string").map((part) => part.pointer);
  }

  /**
   * The value itself. For submitting only.
   * @throws {Error} when it is not known here
   */
  reveal(): Json {
    if (this.#value === undefined) throw new Error(`the secret at ${this.pointers.join(", ")} is not known here`);
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
