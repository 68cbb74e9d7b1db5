import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate for this machine and the authority that vouches for it, both in PEM. */
export interface Certificates {
  /** Of the authority: what a client is given to trust. */
  ca: string;
  /** Of the server, with its private key. */
  cert: string;
  key: string;
}

/** DER, as X.509 is written (X.690): tag, length, content. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, "0"), "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

const sequence = (...content: Buffer[]) => der(0x30, ...content);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const TRUE = der(0x01, Buffer.from([0xff]));

const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(commonName)))));
}

function utcTime(time: Date): Buffer {
  return der(0x17, Buffer.from(`${time.toISOString().slice(2, 19).replaceAll(/[-:T]/g, "")}Z`));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [TRUE] : []), der(0x04, value));
}

/** basicConstraints: an authority; keyUsage: it signs certificates. */
const OF_AUTHORITY = [extension("551d13", sequence(TRUE), true), extension("551d0f", der(0x03, Buffer.from([0x02, 0x04])), true)];
/** extKeyUsage: a server; subjectAltName: this machine. */
const OF_SERVER = [
  extension("551d25", sequence(oid("2b06010505070301"))),
  extension("551d11", sequence(der(0x82, Buffer.from("localhost")), der(0x87, Buffer.from([127, 0, 0, 1])))),
];

interface Signed {
  subject: string;
  publicKey: KeyObject;
  issuer: string;
  issuerKey: KeyObject;
  extensions: readonly Buffer[];
}

function certificate({ subject, publicKey, issuer, issuerKey, extensions }: Signed): string {
  const now = Date.now();
  const day = 86_400_000;
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(15)]);
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    sequence(utcTime(new Date(now - day)), utcTime(new Date(now + 30 * day))),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", body, issuerKey)]));
  const lines =
    sequence(body, ECDSA_WITH_SHA256, signature)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** New keys and certificates. They are valid for a month. Each authority has another name, so a client can trust several. */
export function makeCertificates(): Certificates {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { issuer: `pushpool fake Azure ${randomBytes(4).toString("hex")}`, issuerKey: authority.privateKey };
  return {
    ca: certificate({ ...issuer, subject: issuer.issuer, publicKey: authority.publicKey, extensions: OF_AUTHORITY }),
    cert: certificate({ ...issuer, subject: "localhost", publicKey: server.publicKey, extensions: OF_SERVER }),
    key: server.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
