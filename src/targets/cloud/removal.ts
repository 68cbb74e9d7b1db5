import type { ValueObject } from "../../json";
import { UserError } from "../../userError";
import type { Leftovers, SharedNotes } from "../target";

/** The owner of the leftovers. */
export interface LeftoversOf {
  notes: SharedNotes;
  /** The stack's name in the cloud's names, labels and tags. */
  stack: string;
  pool: string;
  /** Do some work; a failed call becomes the user's message. */
  explained<T>(what: string, work: () => Promise<T>): Promise<T>;
  signal: AbortSignal;
}

/** How many of a kind one tidying removes at most. */
export const A_FEW = 20;

/** Removes leftovers part by part: a part that fails does not stop the others. */
export class Removal {
  readonly #removed: Record<string, number> = {};
  readonly #kept: string[] = [];

  constructor(private readonly of: LeftoversOf) {}

  /** @param what the work in the message if it fails: "deleting the secrets of its runs" */
  async part(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await this.of.explained(what, work);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.keep(error.message);
    }
  }

  /** @param what what is removed, in the user's words: "task definitions" */
  count(what: string, number: number): void {
    if (number > 0) this.#removed[what] = this.removed(what) + number;
  }

  removed(what: string): number {
    return this.#removed[what] ?? 0;
  }

  /** @param why it stays, and what to do */
  keep(why: string): void {
    this.#kept.push(why);
  }

  done(): Leftovers {
    return { removed: this.#removed, kept: this.#kept };
  }
}

/**
 * The complete values of a job variable in a pool's template and its deployments.
 * @param fixed the value in the template's job configuration that replaces the variable
 */
export function declaredValues(
  variable: string,
  { baseJobTemplate, jobVariables, fixed }: { baseJobTemplate: ValueObject; jobVariables: readonly ValueObject[]; fixed?: unknown },
): string[] {
  const { properties } = (baseJobTemplate.variables ?? {}) as { properties?: Record<string, { default?: unknown }> };
  const all = [fixed, properties?.[variable]?.default, ...jobVariables.map((each) => each[variable])];
  return all.filter((each): each is string => typeof each === "string" && each !== "" && !each.includes("{{"));
}

/** What the pool's runs usually have in a job variable: what the template itself says, else its default for the variable. */
export function usualValue(baseJobTemplate: ValueObject, variable: string, jobVariables: readonly ValueObject[] = []): string | undefined {
  const job = (baseJobTemplate.job_configuration ?? {}) as Record<string, unknown>;
  return declaredValues(variable, { baseJobTemplate, jobVariables, fixed: job[variable] })[0];
}
