import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const repo = join(__dirname, "..", "..");

/** The pages for users, relative to the repository. */
export const pages: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...readdirSync(join(repo, "docs")).map((file) => `docs/${file}`),
  ...readdirSync(join(repo, "examples"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `examples/${name}/README.md`),
].filter((path) => path.endsWith(".md"));

export interface Block {
  page: string;
  /** The line number of its first line, from 1. */
  line: number;
  language: string;
  text: string;
  /** How it is tested, from the comment above it: `<!-- run: local -->` is `run` with `local`. */
  mark: { kind: string; words: string } | undefined;
}

export function textOf(page: string): string {
  return readFileSync(join(repo, page), "utf8");
}

/** The fenced blocks of a page. @throws {Error} if a block is indented, since it then has no language */
export function blocksOf(page: string): Block[] {
  const lines = textOf(page).split("\n");
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index++) {
    const [, language] = /^```(.*)$/.exec(lines[index] ?? "") ?? [];
    if (language === undefined) {
      if (/^ {4}\S/.test(lines[index] ?? "") && lines[index - 1] === "") throw new Error(`${page}:${index + 1}: fence this block`);
      continue;
    }
    const end = lines.indexOf("```", index + 1);
    const [, kind = "", words = ""] = /^<!-- ([a-z ]+?)(?:: (.*))? -->$/.exec(lines[index - 2] ?? "") ?? [];
    blocks.push({
      page,
      line: index + 2,
      language,
      text: lines.slice(index + 1, end).join("\n"),
      mark: kind === "" ? undefined : { kind, words },
    });
    index = end;
  }
  return blocks;
}

/** All blocks with commands, programs or configuration: those that users copy. */
export const copied: readonly Block[] = pages.flatMap(blocksOf).filter(({ language }) => language !== "text");

/** The commands of a shell block, without their comments. */
export function commandsOf({ text }: Block): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** The anchors of a page's headings. GitHub makes them from the headings' words. */
export function anchorsOf(page: string): string[] {
  const prose = textOf(page).replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
