import { randomUUID } from "node:crypto";
import { expect, onTestFinished } from "vitest";
import { MARK, marked } from "../marked";
import type { RunningPlace } from "./clouds/cloud";
import { filesWith } from "./filesWith";
import type { Ended } from "./pushpool";

/** The beginnings of every signed token, and of Google's access tokens. */
const TOKENS = ["eyJhbGciOi", "eyJ0eXAiOi", "ya29."];

/** Looks for keys and tokens where nobody may see them. */
export interface Canaries {
  /** Remember what a command printed. */
  heard(ended: Ended): void;
  /** Fail if any file, output or command line contained a secret or a token. */
  check(): void;
}

/**
 * Watch the command lines of everything that a place starts, from now on.
 * @param secretsOf every secret part that the cloud has given out and still knows
 */
export function watchSecrets(here: RunningPlace, secretsOf: () => string[]): Canaries {
  const mark = randomUUID();
  here.env[MARK] = mark;
  const seen = { secrets: new Set<string>(), argv: new Set<string>(), outputs: [] as string[] };
  const look = () => {
    for (const secret of secretsOf()) seen.secrets.add(secret);
    for (const line of marked(mark)) seen.argv.add(line);
  };
  const timer = setInterval(look, 100);
  onTestFinished(() => clearInterval(timer));
  return {
    heard: ({ stdout, stderr }) => void seen.outputs.push(stdout, stderr),
    check: () => {
      look();
      const canaries = [...seen.secrets, ...TOKENS];
      expect([seen.secrets.size > 1, seen.argv.size > 1]).toEqual([true, true]);
      const leaks = (texts: Iterable<string>) => [...texts].filter((text) => canaries.some((canary) => text.includes(canary)));
      expect([leaks(seen.argv), leaks(seen.outputs), filesWith(canaries, here.folder)]).toEqual([[], [], []]);
    },
  };
}
