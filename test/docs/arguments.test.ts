import { readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { repo } from "./markdown";

// Most users read only the docstrings of a component's arguments, in their editor. Each one has a purpose, a default and an example.

interface Argument {
  where: string;
  optional: boolean;
  text: string;
  example: string;
}

/** The interfaces with the arguments of components, and of `manifest()` and `register()`. */
const ARGUMENTS = /Args$|^ManifestParts$|^Registered$/;

/** The arguments in a file: the properties of such interfaces. */
function argumentsOf(path: string): Argument[] {
  const file = ts.createSourceFile(path, ts.sys.readFile(path) ?? "", ts.ScriptTarget.ES2022, true);
  return file.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => ARGUMENTS.test(name.text))
    .flatMap(({ name, members }) =>
      members.filter(ts.isPropertySignature).map((member) => {
        const [doc] = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc);
        const example = doc?.tags?.find(({ tagName }) => tagName.text === "example");
        return {
          where: `${name.text}.${member.name.getText()}`,
          optional: member.questionToken !== undefined,
          text: ts.getTextOfJSDocComment(doc?.comment) ?? "",
          example: ts.getTextOfJSDocComment(example?.comment) ?? "",
        };
      }),
    );
}

const files = readdirSync(join(repo, "components"), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const all = files.flatMap((file) => argumentsOf(join(repo, "components", file)));

test("each argument of a component has a purpose", () => {
  expect(all.length).toBeGreaterThan(100);
  expect(all.filter(({ text }) => text.length < 10).map(({ where }) => where)).toEqual([]);
});

test("each optional one has a default", () => {
  expect(all.filter(({ optional, text }) => optional && !/\b[Bb]y\s+default\b/.test(text)).map(({ where }) => where)).toEqual([]);
});

test("each one has an example, as in a program", () => {
  expect(all.filter(({ where, example }) => !example.startsWith(`${where.split(".")[1]}: `)).map(({ where }) => where)).toEqual([]);
});
