import { inspect } from "node:util";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { credentialsIn, Redactor } from "../src/redactor";

const KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const PEM = `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7".repeat(2)}\nQ2FuYXJ5Q2FuYXJ5\n-----END PRIVATE KEY-----\n`;

function knowing(...secrets: unknown[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.learn(secret);
  return redactor;
}

const quoted = 'pa"ss\\wörd <&> of\nthe day';
test.each<[string, unknown, string, string]>([
  ["unchanged", KEY, `key is ${KEY}.`, "key is [secret]."],
  ["escaped for JSON", quoted, `{"p":${JSON.stringify(quoted)}}`, '{"p":"[secret]"}'],
  ["escaped twice", quoted, JSON.stringify(JSON.stringify({ p: quoted })), '"{\\"p\\":\\"[secret]\\"}"'],
  ["escaped as in Python", quoted, JSON.stringify(quoted).replace("ö", "\\u00f6"), '"[secret]"'],
  ["escaped as in Go", quoted, JSON.stringify(quoted).replace("<&>", "\\u003c\\u0026\\u003e"), '"[secret]"'],
  ["in base64", KEY, `Basic ${Buffer.from(KEY).toString("base64")}`, "Basic [secret]"],
  ["in base64 for URLs", KEY, Buffer.from(KEY).toString("base64url"), "[secret]"],
  ["in hexadecimal", KEY, Buffer.from(KEY).toString("hex"), "[secret]"],
  ["in a URL", "p@ss/wörd:1", `postgres://u:${encodeURIComponent("p@ss/wörd:1")}@host`, "postgres://u:[secret]@host"],
  ["in a printed JavaScript object", 'a"b\\c\u0001\tmore', inspect({ v: 'a"b\\c\u0001\tmore' }), "{ v: '[secret]' }"],
  [
    "in a JavaScript string with several lines",
    "the first line\nand the rest",
    inspect(["the first line\nand the rest"], { breakLength: 5 }),
    "[\n  '[secret]\\n' +\n    '[secret]'\n]",
  ],
  ["printed by Python", "it's \u001bb\\ack", "'it\\'s \\x1bb\\\\ack'", "'[secret]'"],
  ["with its control characters escaped", "ctl\t\u0001\u009bend", "ctl\t\\x01\\x9bend", "[secret]"],
  ["the short last line of a secret", `${KEY}\nQw3=`, "the last line is Qw3=", "the last line is [secret]"],
  [
    "a short secret in other forms",
    'q"z1',
    `${JSON.stringify('q"z1')} ${encodeURIComponent('q"z1')} ${btoa('q"z1')}`,
    '"[secret]" [secret] [secret]',
  ],
  [
    "a short secret after an escape sequence",
    "Zq9w",
    "a\\nZq9w, x%3DZq9w, \u001b[31mZq9w",
    "a\\n[secret], x%3D[secret], \u001b[31m[secret]",
  ],
  ["the password of a URL", "postgres://u:p%40ss12@db/x", "p%40ss12 and p@ss12", "[secret] and [secret]"],
  ["the password of a connection string", "Server=db;Password=h.nter;User=u", "login h.nter of u failed", "login [secret] of u failed"],
  ["the password of a JSON secret, called pw", '{"user":"u","pw":"hunter"}', "u has hunter", "u has [secret]"],
  ["with line breaks inserted", KEY, `key:\n  ${KEY.slice(0, 20)}\n  ${KEY.slice(20)}\nend`, "key:\n  [secret]\nend"],
  ["the lines of a secret", PEM, PEM.split("\n").slice(1, 3).join("\nand\n"), "[secret]\nand\n[secret]"],
  [
    "the key in a service account",
    JSON.stringify({ type: "service_account", project_id: "data", private_key: PEM }, null, 2),
    PEM,
    "[secret]\n",
  ],
  [
    "the other fields of a service account stay",
    JSON.stringify({ type: "service_account", private_key: PEM }),
    "a service_account",
    "a service_account",
  ],
  ["the parts of an object", { user: "u", password: "s3cr3t" }, "u has s3cr3t", "u has [secret]"],
  ["a number", 12345678, "pin 12345678", "pin [secret]"],
  ["a short secret only as a whole word", "abc", "abc, xabcx, abc1, [abc]", "[secret], xabcx, abc1, [[secret]]"],
  ["common words stay", "true", "it is true", "it is true"],
  ["two letters stay", "eu", "region eu", "region eu"],
  ["a part of a secret stays", KEY, KEY.slice(1, -1), KEY.slice(1, -1)],
])("%s", (_, secret, text, hidden) => {
  expect(knowing(secret).hide(text)).toBe(hidden);
});

test("a secret that only an update will know hides nothing else that is unknown", () => {
  expect(knowing("04da6b54-80e4-46f7-96ec-b56ff0331ba9").hide("04da6b54-80e4-46f7-96ec-b56ff0331ba9")).not.toContain("[secret]");
});

test("of a Google key file only the private key is secret", () => {
  const file = { type: "service_account", private_key_id: "0123456789abcdef", client_email: "push@acme.example", private_key: PEM };
  const [, line = ""] = PEM.split("\n");
  expect(knowing({ file }).hide(`${file.private_key_id} of ${file.client_email}: ${line}`)).toBe(
    `${file.private_key_id} of ${file.client_email}: [secret]`,
  );
});

test("a secret that continues over several messages, and one inside a longer base64 string, are hidden", () => {
  expect(knowing(KEY).hideEach(["a", KEY.slice(0, 9), KEY.slice(9), "b"])).toEqual(["a", "[secret]", "[secret]", "b"]);
  for (const before of ["", "u", "us", "use"]) {
    const shown = knowing(KEY).hide(Buffer.from(`${before}:${KEY}:after`).toString("base64"));
    expect(Buffer.from(shown.replace("[secret]", ""), "base64").toString()).not.toContain(KEY.slice(4, -4));
    expect(shown).toContain("[secret]");
  }
});

test("property: a secret is hidden in every form, whatever surrounds it", () => {
  const secret = fc
    .string({ minLength: 8, maxLength: 60 })
    .filter((text) => text.trim().length >= 8 && text.replaceAll(/\s/g, "").length >= 8);
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (text, before, after) => {
      const redactor = knowing(text);
      for (const form of [text.trim(), JSON.stringify(text.trim()).slice(1, -1), Buffer.from(text.trim()).toString("base64")]) {
        const shown = redactor.hide(`${before}\n${form}\n${after}`);
        if (!before.includes(form) && !after.includes(form) && !"[secret]".includes(form)) expect(shown).not.toContain(form);
      }
    }),
  );
});

test("credentials in an environment are found by the names of the variables", () => {
  const env = {
    AWS_SECRET_ACCESS_KEY: "a",
    PREFECT_API_KEY: "b",
    PULUMI_CONFIG_PASSPHRASE: "c",
    GH_TOKEN: "d",
    PATH: "/bin",
    HOME: "/root",
  };
  expect(credentialsIn(env)).toEqual(["a", "b", "c", "d"]);
});
