// Made by an independent implementation of Pulumi's passphrase format: Python's hashlib.pbkdf2_hmac (SHA-256, 1,000,000 rounds, 32 bytes)
// and AES-256-GCM built from openssl's AES. Salt: bytes 0..7. Nonces: bytes 0..11 for the salt's probe "pulumi", bytes 1..12 for the text.

/** Passphrase: empty. The text is "hunter2-config". */
export const SALT = "v1:AAECAwQFBgc=:v1:AAECAwQFBgcICQoL:mXB69Ew4SgucIvU8kq1Y8Nvl3+XbOg==";
export const SECURE = "v1:AQIDBAUGBwgJCgsM:hlGfV5yB+pjy/ncO3vqrmf6blQ051xGx4U2XVT+L";

/** Passphrase: "correct horse". The text is the same. */
export const OTHER_SALT = "v1:AAECAwQFBgc=:v1:AAECAwQFBgcICQoL:Lsv0Mq4P43OA9/CWlvPiZJXoK3BhFA==";
export const OTHER_SECURE = "v1:AQIDBAUGBwgJCgsM:mfQopICLtxTr7Q7wGwQPIJT6G8E2X2yRGKRcnxMZ";
