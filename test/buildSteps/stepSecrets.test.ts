import { expect, test } from "vitest";
import { planSteps } from "../../src/buildSteps/stepPlan";
import { learnSecrets } from "../../src/buildSteps/stepSecrets";
import type { JsonObject } from "../../src/json";
import { Redactor } from "../../src/redactor";

function shown(inputs: JsonObject, env: Record<string, string>, text: string): string {
  const redactor = new Redactor();
  learnSecrets(redactor, planSteps([{ index: 0, name: "one", build: [{ "a.b": inputs }], push: [] }]), env);
  return redactor.hide(text);
}

test.each<[string, JsonObject, Record<string, string>, string, string]>([
  [
    "a variable that a placeholder names",
    { x: "{{ $DATABASE_URL }}" },
    { DATABASE_URL: "db.example.com" },
    "at db.example.com",
    "at [secret]",
  ],
  ["without the dollar sign, as Prefect reads it", { x: "{{ SESAME }}" }, { SESAME: "open-sesame" }, "open-sesame", "[secret]"],
  [
    "a variable with the name of a credential, which a script reads itself",
    {},
    { CI_JOB_TOKEN: "glcbt-123456" },
    "glcbt-123456",
    "[secret]",
  ],
  ["an input with the name of a secret", { env: { DB_PASSWORD: "from-the-file" } }, {}, "from-the-file", "[secret]"],
  [
    "a tag, a region and an account are shown",
    { x: "{{ $IMAGE_TAG }} {{ $AWS_REGION }} {{ $AWS_ACCOUNT_ID }}" },
    { IMAGE_TAG: "v1.2.3-rc1", AWS_REGION: "eu-central-1", AWS_ACCOUNT_ID: "123456789012" },
    "v1.2.3-rc1 eu-central-1 123456789012",
    "v1.2.3-rc1 eu-central-1 123456789012",
  ],
  ["the id of a key is not", { x: "{{ $KEY_ID }}" }, { KEY_ID: "AKIA12345678" }, "AKIA12345678", "[secret]"],
  ["nor a password of another name", { x: "{{ $DB_PWD }}" }, { DB_PWD: "hunter2222" }, "hunter2222", "[secret]"],
  ["a variable that no step names is shown", {}, { GREETING: "good-morning" }, "good-morning", "good-morning"],
])("%s", (_, inputs, env, text, expected) => {
  expect(shown(inputs, env, text)).toBe(expected);
});
