import { randomBytes } from "node:crypto";

/** A token for a registry: whose it is, and until when it is valid, in milliseconds of the clock. */
interface Given<Principal> {
  principal: Principal;
  until: number;
}

/** The passwords that a cloud's registry gave to callers for a while. */
export class RegistryTokens<Principal> {
  readonly #given = new Map<string, Given<Principal>>();

  give(given: Given<Principal>): string {
    const token = randomBytes(48).toString("base64url");
    this.#given.set(token, given);
    return token;
  }

  find(token: string): Given<Principal> | undefined {
    return this.#given.get(token);
  }

  /** Make all of them invalid, as time does. */
  expire(): void {
    for (const given of this.#given.values()) given.until = 0;
  }
}
