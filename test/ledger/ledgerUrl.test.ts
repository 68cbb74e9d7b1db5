import { expect, test } from "vitest";
import { isLoopback, readLedgerUrl } from "../../src/ledger/postgres/ledgerUrl";

test.each<[string, object]>([
  [
    "postgres://u:p%40%2F@db.example:6543/runs",
    { name: "postgres://u@db.example:6543/runs", password: "p@/", host: "db.example", port: 6543, database: "runs" },
  ],
  ["postgresql://db/", { name: "postgres://db/", host: "db", sslMode: "prefer" }],
  ["postgres://u@[::1]:5/d", { host: "::1", port: 5, name: "postgres://u@[::1]:5/d" }],
  ["postgres:///runs?host=/var/run/postgresql&user=u", { host: "/var/run/postgresql", user: "u", database: "runs" }],
  ["postgres://u@%2Fvar%2Frun/d", { host: "/var/run" }],
  ["postgres://h/d?schema=team", { schema: "team" }],
  ["postgres://h/d?search_path=team,public", { schema: "team" }],
  ["postgres://h/d?options=-c%20search_path%3Dteam", { schema: "team", options: "-c search_path=team" }],
  [
    "postgres://h/d?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3",
    { sslMode: "verify-full", sslRootCert: "/ca.pem", connectTimeout: 3000 },
  ],
  ["postgres://h/d?channel_binding=require", { requiresBinding: true }],
])("%s", (text, expected) => {
  expect(readLedgerUrl(text, {})).toMatchObject(expected);
});

test.each([
  ["here", /is invalid: write it as postgres:/],
  ["mysql://u:hunter2@h/d", /is invalid/],
  ["postgres://u:hunter2@a:1,b:2/d", /has several hosts, which is not supported/],
  ["postgres://u:hunter2@h/d?host=a,b", /has several hosts/],
  ["postgres://u:hunter2%@h/d", /has a % that is no %XX|is invalid/],
  ["postgres://u:hunter2@h/d?sslmod=require", /the parameter "sslmod" is unknown: did you mean "sslmode"/],
  ["postgres://u:hunter2@h/d?sslmode=yes", /sslmode must be one of disable, allow/],
  ["postgres://u:hunter2@h/d?connect_timeout=soon", /connect_timeout must be a whole number/],
  ["postgres://u:hunter2@h/d?target_session_attrs=standby", /target_session_attrs must be any, read-write or primary/],
])("%s is refused, without its password", (text, message) => {
  let thrown: Error | undefined;
  try {
    readLedgerUrl(text, {});
  } catch (error) {
    thrown = error as Error;
  }
  expect(thrown?.message).toMatch(message);
  expect(thrown?.message).not.toContain("hunter2");
});

test("PGSSLMODE counts where the URL says nothing", () => {
  expect(readLedgerUrl("postgres://h/d", { PGSSLMODE: "verify-full" }).sslMode).toBe("verify-full");
  expect(readLedgerUrl("postgres://h/d?sslmode=disable", { PGSSLMODE: "verify-full" }).sslMode).toBe("disable");
});

test.each([
  [undefined, true],
  ["/tmp", true],
  ["127.0.0.9", true],
  ["::1", true],
  ["localhost", true],
  ["127.example.com", false],
  ["10.0.0.1", false],
])("whether %s is this machine: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
