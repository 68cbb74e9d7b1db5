import type { Json, JsonObject } from "../../json";
import { MASK } from "../../secret";
import type { Crypter } from "./passphrase";

/** The key by which Pulumi marks special values on the wire and in state, and the mark of a secret (sdk/go/common/resource/sig). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270";

/** A property value as it goes over the wire: JSON, secrets as `{ [SIGNATURE]: SECRET_MARK, value }`. */
export type Wire = Json;

export function isSecretMark(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && value[SIGNATURE] === SECRET_MARK;
}

function secretOf(value: Json): JsonObject {
  return { [SIGNATURE]: SECRET_MARK, value };
}

/** Whether a tree holds a secret in any of its forms. */
export function holdsSecret(value: Json | undefined): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isSecretMark(value as JsonObject) || Object.values(value).some((inner) => holdsSecret(inner as Json));
}

/**
 * From the wire to state: each secret's value becomes the ciphertext of its JSON.
 * @param encrypt hears where the secret stands too, so that an unchanged one can be written as it was
 */
export function toState(value: Wire, encrypt: (path: string, plaintext: string) => string, path = ""): Json {
  if (isSecretMark(value))
    return { [SIGNATURE]: SECRET_MARK, ciphertext: encrypt(path, JSON.stringify(withoutMarks(value.value as Json))) };
  return mapChildren(value, (inner, key) => toState(inner, encrypt, `${path}/${key}`));
}

/** From state to the wire. `note` hears each ciphertext with its place and plaintext. */
export function fromState(
  value: Json,
  crypter: Crypter,
  note: (path: string, plaintext: string, ciphertext: string) => void,
  path = "",
): Wire {
  if (isSecretMark(value)) {
    const ciphertext = String(value.ciphertext);
    const plaintext = typeof value.plaintext === "string" ? value.plaintext : crypter.decrypt(ciphertext);
    note(path, plaintext, ciphertext);
    return secretOf(JSON.parse(plaintext) as Json);
  }
  return mapChildren(value, (inner, key) => fromState(inner, crypter, note, `${path}/${key}`));
}

/** For showing: every secret is its mask. */
export function maskSecrets(value: Json): Json {
  return isSecretMark(value) ? MASK : mapChildren(value, maskSecrets);
}

/** For those who may know: every secret is its value, and `secretPaths` tells where they were, as JSON pointers. */
export function openSecrets(value: Wire): { value: Json; secretPaths: string[] } {
  const secretPaths: string[] = [];
  const open = (at: Json, path: string): Json => {
    if (isSecretMark(at)) {
      secretPaths.push(path);
      return withoutMarks(at.value as Json);
    }
    return mapChildren(at, (inner, key) => open(inner, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`));
  };
  return { value: open(value, ""), secretPaths };
}

/** A secret inside a secret is one secret. */
function withoutMarks(value: Json): Json {
  return isSecretMark(value) ? withoutMarks((value.value ?? null) as Json) : mapChildren(value, withoutMarks);
}

function mapChildren(value: Json, change: (inner: Json, key: string) => Json): Json {
  if (Array.isArray(value)) return value.map((item, index) => change(item, String(index)));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner, key)]));
}
