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
  withOpenSecrets,
} from "../propertyWire";
import type { Crypter } from "./passphrase";

/**
 * Convert wire values to state values: each secret becomes the ciphertext of its JSON.
 * @param encrypt also gets the path of the secret, so that an unchanged secret can keep its ciphertext
 */
export function toState(value: Wire, encrypt: (path: string, plaintext: string) => string, path = ""): Json {
  if (isSecret(value)) return { [SIGNATURE]: SECRET_MARK, ciphertext: encrypt(path, JSON.stringify(withOpenSecrets(value.value as Json))) };
  if (isReference(value)) return referenceInState(value);
  return mapChildren(value, (inner, key) => toState(inner, encrypt, `${path}/${key}`));
}

/** Convert state values to wire values. `note` is called for each secret, with its path, plaintext and ciphertext. */
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

/** The value with every secret masked, for output. */
export function maskSecrets(value: Json): Json {
  return isSecret(value) ? MASK : mapChildren(value, maskSecrets);
}

/** The value with every secret in plain text, and JSON pointers to the places where they were. */
export function openSecrets(value: Wire): { value: Json; secretPaths: string[] } {
  const secretPaths: string[] = [];
  const open = (at: Json, path: string): Json => {
    if (isSecret(at)) {
      secretPaths.push(path);
      return withOpenSecrets(at.value as Json);
    }
    return mapChildren(at, (inner, key) => open(inner, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`));
  };
  return { value: open(value, ""), secretPaths };
}
