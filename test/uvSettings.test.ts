import { expect, test } from "vitest";
import { uvSettings } from "./uvSettings";

test("uv gets pip's indexes, folders and certificates; the environment counts more than a file", () => {
  const list = [
    ":env:.default-timeout='180'",
    ":env:.find-links='/opt/wheels /opt/more'",
    ":env:.index-url='https://user:pass@inside.example/simple'",
    "global.cert='/etc/ssl/ca.crt'",
    "global.index-url='https://outside.example/simple'",
    "install.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'",
    'global.trusted-host="inside.example"',
    "",
  ];
  expect(uvSettings(list.join("\n"))).toEqual({
    UV_DEFAULT_INDEX: "https://user:pass@inside.example/simple",
    UV_INDEX: "https://a.example/simple https://b.example/simple",
    UV_FIND_LINKS: "/opt/wheels,/opt/more",
    UV_INSECURE_HOST: "inside.example",
    SSL_CERT_FILE: "/etc/ssl/ca.crt",
  });
  expect(uvSettings("")).toEqual({});
});
