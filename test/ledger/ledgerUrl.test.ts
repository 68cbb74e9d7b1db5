import { expect, test } from "vitest";
import { checkSchema, isLoopback, readLedgerUrl } from "../../src/ledger/postgres/ledgerUrl";

test.each<[string, object]>([
  [
    "postgres://u:p%40%2F@db.example:6543/runs",
    { name: "postgres://u@db.example:6543/runs", password: "p@/", host: "db.example", port: 6543, database: "runs" },
  ],
  ["postgresql://db/", { name: "postgres://db/", host: "db", sslMode: "prefer" }],
  ["postgres://u@[::1]:5/d", { host: "::1", port: 5, name: "postgres://u@[::1]:5/d" }],
  ["postgres:///runs?host=/var/run/postgresql&user=u", { host: "/var/run/postgresql", user: "u", database: "runs" }],
  ["postgres://u@%2Fvar%2Frun/d", { host: "/var/run" }],
  // As the managed databases' pages write a socket.
  ["postgres://u:p@/d?host=/cloudsql/acme:eu:db", { host: "/cloudsql/acme:eu:db", user: "u", password: "p", database: "d" }],
  ["postgres://u@:5433/d", { user: "u", port: 5433, database: "d", name: "postgres://u@:5433/d" }],
  ["POSTGRES://h/d", { host: "h" }],
  [" postgres://h/d\n", { host: "h", database: "d" }],
  ["postgres://u:a+b@h/d?sslrootcert=/a+b.pem", { password: "a+b", sslRootCert: "/a+b.pem" }],
  ["postgres://u:p%23%3F%2F%40@h/d", { password: "p#?/@" }],
  ["postgres://ada%40acme:p@h/d", { user: "ada@acme", name: "postgres://ada%40acme@h/d" }],
  ["postgres://h/d?schema=team", { schema: "team" }],
  ["postgres://h/d?search_path=team,public", { schema: "team" }],
  ["postgres://h/d?options=-c%20search_path%3Dteam", { schema: "team", options: "-c search_path=team" }],
  [
    "postgres://h/d?options=-c+search_path%3Dteam+-c+timezone%3DUTC%2B2",
    { schema: "team", options: "-c search_path=team -c timezone=UTC+2" },
  ],
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
  ["postgres://u:hunter2%@h/d", /has a % without two hexadecimal digits|is invalid/],
  ["postgres://u:hunter2@h/d?sslmod=require", /the parameter "sslmod" is unknown: did you mean "sslmode"/],
  ["postgres://u:hunter2@h/d?sslmode=yes", /sslmode must be one of disable, allow/],
  ["postgres://u:hunter2@h/d?sslmode=VERIFY-FULL", /sslmode must be one of disable, allow/],
  ["postgres://u:hunter2@h/d?sslmode=", /sslmode is blank: give it a value, or leave it out/],
  ["postgres://u:hunter2@h/d?schema=%20", /schema is blank/],
  ["postgres://u:hunter2@h/d?host=a&host=b", /the parameter "host" is given twice/],
  ["postgres://u:hunter2@h/d?port=99999", /port must be a whole number from 1 to 65535/],
  ["postgres://u:hunter2@h:0/d", /port must be a whole number from 1 to 65535/],
  ["postgres://u:hunter2@h/d?channel_binding=maybe", /channel_binding must be one of disable, prefer, require/],
  ["postgres://u:hunter2@h/d?service=prod", /service files are not read/],
  ["postgres://u:hunter2%00@h/d", /its password has a control character/],
  ["postgres://u:hunter2@h/d%0Ae", /its database has a control character/],
  // The rest of a password with such a character must not be taken for a host, a database or a parameter.
  ["postgres://u:12/hunter2@h/d", /has a # or an @ after its host: write special characters of the password as %XX/],
  ["postgres://u:12#hunter2@h/d", /has a # or an @ after its host/],
  ["postgres://u:12?hunter2=x@h/d", /has a # or an @ after its host/],
  ["postgres://u:12@h/d?hunter2 is=x", /has a parameter with an invalid name after the \?/],
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

test.each<[object, RegExp]>([
  [{ PGSSLMODE: "yes" }, /^\$PGSSLMODE must be one of disable, .*, not "yes"/],
  [{ PGPORT: "postgres" }, /^\$PGPORT must be a whole number from 1 to 65535, not "postgres"/],
  [{ PGHOST: "a,b" }, /^\$PGHOST has several hosts, which is not supported/],
])("%j is refused by its own name", (env, message) => {
  expect(() => readLedgerUrl("postgres:///d", env as NodeJS.ProcessEnv)).toThrow(message);
});

test("a message says what named the URL", () => {
  expect(() => readLedgerUrl("here", {}, "PUSHPOOL_LEDGER_URL")).toThrow(/^the URL of the ledger in PUSHPOOL_LEDGER_URL is invalid/);
  expect(() => readLedgerUrl("postgres://h/d?ssl=true", {}, "the manifest")).toThrow(
    /^the URL of the ledger in the manifest: the parameter/,
  );
});

test.each(["Team", "a-b", "1a", "", "x".repeat(64), "pg_runs", "information_schema", "a b", 'a"b', "tëam"])(
  "schema %j is refused",
  (schema) => {
    expect(() => checkSchema(schema)).toThrow(/^the schema of a ledger must/);
  },
);

test.each(["user", "select", "public", "_", "x".repeat(63)])("schema %j is taken", (schema) => {
  expect(() => checkSchema(schema)).not.toThrow();
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
