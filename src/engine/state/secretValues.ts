import type { Json } from "../../json";
import { MASK } from "../../secret";
import {
  isReference,
  isSecret,
  mapChildren,
  referenceInState,
  referenceOnWire,
  SECRET_MARK,
  SIGNATURE,
  secretOf,
  type Wire,
  withoutSecrets,
} from "../wire";
import type { Crypter } from "./passphrase";

/**
 * From the wire to state: each secret's value becomes the ciphertext of its JSON.
 * @param encrypt hears where the secret stands too, so that an unchanged one can be written as it was
 */
export function toState(value: Wire, encrypt: (path: string, plaintext: string) => string, path = ""): Json {
  if (isSecret(value)) return { [SIGNATURE]: SECRET_MARK, ciphertext: encrypt(path, JSON.stringify(withoutSecrets(value.value as Json))) };
  if (isReference(value)) return referenceInState(value);
  return mapChildren(value, (inner, key) => toState(inner, encrypt, `${path}/${key}`));
}

/** From state to the wire. `note` hears each ciphertext with its place and plaintext. */
export function fromState(
  value: Json,
  crypter: Crypter,
  note: (path: string, plaintext: string, ciphertext: string) => void,
  path = "",
): Wire {
  if (isSecret(value)) {
    const ciphertext = String(value.ciphertext);
    const plaintext = typeof value.plaintext === "string" ? value.plaintext : crypter.decrypt(ciphertext);
    note(path, plaintext, ciphertext);
    return secretOf(JSON.parse(plaintext) as Json);
  }
  if (isReference(value)) return referenceOnWire(value);
  return mapChildren(value, (inner, key) => fromState(inner, crypter, note, `${path}/${key}`));
}

/** For showing: every secret is its mask. */
export function maskSecrets(value: Json): Json {
  return isSecret(value) ? MASK : mapChildren(value, maskSecrets);
}

/** For those who may know: every secret is its value, and `secretPaths` tells where they were, as JSON pointers. */
export function openSecrets(value: Wire): { value: Json; secretPaths: string[] } {
  const secretPaths: string[] = [];
  const open = (at: Json, path: string): Json => {
    if (isSecret(at)) {
      secretPaths.push(path);
      return withoutSecrets(at.value as Json);
    }
    return mapChildren(at, (inner, key) => open(inner, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`));
  };
  return { value: open(value, ""), secretPaths };
}
