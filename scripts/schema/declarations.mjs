// What the components declare, read from their sources: classes with their arguments and outputs, interfaces, and choices. Only syntax is
// read, without types, so it takes a third of a second.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/**
 * @typedef {object} Member a field of an interface, or an output of a class
 * @property {string} name
 * @property {boolean} optional
 * @property {ts.TypeNode} type
 * @property {Doc} doc
 *
 * @typedef {object} Doc
 * @property {string} text without tags
 * @property {string} [deprecated] text of the tag `@deprecated`
 *
 * @typedef {object} Declared a class of components or resources
 * @property {string} name
 * @property {"component" | "resource" | "provider"} kind
 * @property {Doc} doc
 * @property {string} args name of the interface of its arguments
 * @property {Member[]} outputs
 *
 * @typedef {object} Declarations
 * @property {Map<string, Declared>} classes
 * @property {Map<string, { doc: Doc, bases: string[], members: Member[] }>} interfaces with the members of their bases
 * @property {Map<string, { doc: Doc, values: { name: string, value: string, doc: Doc }[] }>} choices `as const` objects with a type of the same name
 */

const KINDS = { ComponentResource: "component", OwnResource: "resource", ProviderResource: "provider" };

/**
 * Read every source under some folders.
 * @param {string[]} folders
 * @returns {Declarations}
 */
export function readDeclarations(folders) {
  /** @type {Declarations} */
  const found = { classes: new Map(), interfaces: new Map(), choices: new Map() };
  for (const path of folders.flatMap(sourcesUnder)) {
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) readStatement(statement, found);
  }
  for (const one of found.interfaces.values()) one.members = membersOf(one, found);
  return found;
}

/** The members of an interface after those of its bases. A member of its own replaces one of the same name. */
function membersOf({ bases, members }, { interfaces }) {
  const inherited = bases.flatMap((base) => (interfaces.has(base) ? membersOf(interfaces.get(base), { interfaces }) : []));
  return [...new Map([...inherited, ...members].map((member) => [member.name, member])).values()];
}

function sourcesUnder(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return files.sort().map((file) => join(folder, file));
}

function readStatement(statement, { classes, interfaces, choices }) {
  if (!ts.canHaveModifiers(statement)) return;
  if (!ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return;
  if (ts.isInterfaceDeclaration(statement)) {
    const members = statement.members.filter(ts.isPropertySignature).map(memberOf);
    const bases = statement.heritageClauses?.flatMap(({ types }) => types.map(({ expression }) => expression.text)) ?? [];
    interfaces.set(statement.name.text, { doc: docOf(statement), bases, members });
  } else if (ts.isClassDeclaration(statement)) {
    const declared = classOf(statement);
    if (declared) classes.set(declared.name, declared);
  } else if (ts.isVariableStatement(statement)) {
    const choice = choiceOf(statement);
    if (choice) choices.set(choice.name, choice);
  }
}

function classOf(node) {
  const [extended] = node.heritageClauses?.flatMap(({ types }) => types) ?? [];
  const base = extended?.expression;
  const name = base && (ts.isPropertyAccessExpression(base) ? base.name.text : base.text);
  const kind = KINDS[name];
  if (!kind) return undefined;
  const made = node.members.find(ts.isConstructorDeclaration);
  const outputs = node.members.filter((member) => ts.isPropertyDeclaration(member) && ts.isIdentifier(member.name)).map(memberOf);
  return { name: node.name.text, kind, doc: docOf(node), args: made.parameters[1].type.typeName.text, outputs };
}

/** `export const Choice = { A: "a" } as const`. Other constants do not list choices. */
function choiceOf(statement) {
  const [declaration] = statement.declarationList.declarations;
  const value = declaration?.initializer;
  if (!value || !ts.isAsExpression(value) || !ts.isObjectLiteralExpression(value.expression)) return undefined;
  const values = value.expression.properties.flatMap((property) =>
    ts.isPropertyAssignment(property) && ts.isStringLiteral(property.initializer)
      ? [{ name: property.name.text, value: property.initializer.text, doc: docOf(property) }]
      : [],
  );
  return values.length === 0 ? undefined : { name: declaration.name.text, doc: docOf(statement), values };
}

function memberOf(node) {
  return { name: node.name.text, optional: node.questionToken !== undefined, type: node.type, doc: docOf(node) };
}

function docOf(node) {
  const [last] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  const tag = (name) => last?.tags?.find(({ tagName }) => tagName.text === name);
  const deprecated = tag("deprecated");
  return {
    text: last ? textOf(last.comment) : "",
    ...(deprecated ? { deprecated: textOf(deprecated.comment) } : {}),
  };
}

/** A comment as Markdown: lines that were only wrapped are joined, and examples in TypeScript are left out. */
function textOf(comment) {
  const text = (typeof comment === "string" ? comment : ts.getTextOfJSDocComment(comment)) ?? "";
  const plain = text.replaceAll(/\{@link ([^}]+)\}/g, "$1").replaceAll(/```ts\n[\s\S]*?```/g, "");
  return plain
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\s*\n\s*(?!\s*[-*|])/g, " ").trim())
    .filter((paragraph) => paragraph !== "")
    .join("\n\n");
}
