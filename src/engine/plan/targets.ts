import type { Resource } from "../state/stackStore";
import { isProviderType, STACK_TYPE } from "../urn";
import { requiredUrns } from "./deletions";

/** Which resources an operation works on. Each entry is a URN, or a pattern: `*` is any text without ":", `**` any text. */
export interface Selection {
  /** Only these. */
  targets?: readonly string[];
  /** Also what depends on the targets, and their children. */
  targetDependents?: boolean;
  /** All but these. Not together with `targets`. */
  excludes?: readonly string[];
  /** Also exclude what depends on the excluded resources, and their children. */
  excludeDependents?: boolean;
}

/** Whether a URN is one of the entries, or matches one. */
export function matches(entries: readonly string[], urn: string): boolean {
  return entries.some((entry) => entry === urn || (entry.includes("*") && patternOf(entry).test(urn)));
}

function patternOf(entry: string): RegExp {
  const quoted = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const segments = entry.split("**").map((segment) => segment.split("*").map(quoted).join("[^:]*"));
  return new RegExp(`^${segments.join(".*")}$`);
}

/**
 * Decides which resources take part in an operation. Providers and the stack always do. A resource must be asked about after everything that
 * it depends on, so that dependents of a target are found (pkg/resource/deploy/step_generator.go).
 */
export class Targets {
  /** Some resources are left out. */
  readonly isConstrained: boolean;
  readonly #selection: Selection;
  /** URNs that were selected or excluded so far, directly or as dependents. */
  readonly #actual = new Set<string>();

  constructor(selection: Selection = {}) {
    this.#selection = selection;
    this.isConstrained = (selection.targets?.length ?? 0) > 0 || (selection.excludes?.length ?? 0) > 0;
  }

  /** Whether a resource takes part. */
  include(resource: Resource): boolean {
    const { targets = [], targetDependents = false, excludes = [], excludeDependents = false } = this.#selection;
    if (!this.isConstrained || isProviderType(resource.type) || resource.type === STACK_TYPE) return true;
    const entries = targets.length > 0 ? targets : excludes;
    const follows = targets.length > 0 ? targetDependents : excludeDependents;
    const named = matches(entries, resource.urn) || (follows && requiredUrns(resource).some((urn) => this.#actual.has(urn)));
    if (named) this.#actual.add(resource.urn);
    return targets.length > 0 ? named : !named;
  }

  /** Whether a resource may be deleted although the program does not name it. `--target-dependents` allows it. */
  mayDelete(urn: string): boolean {
    const { targets = [], targetDependents = false } = this.#selection;
    return targets.length === 0 || targetDependents || matches(targets, urn);
  }

  /**
   * The URNs of the resources that may be deleted: the targets, with what depends on them and their children; or everything but the excluded
   * resources and what these require. `undefined`: all.
   */
  deletable(before: readonly Resource[]): Set<string> | undefined {
    const { targets = [], excludes = [], excludeDependents = false } = this.#selection;
    const urns = before.map(({ urn }) => urn);
    if (targets.length > 0) return dependentsOf(before, new Set(urns.filter((urn) => matches(targets, urn))));
    if (excludes.length === 0) return undefined;
    const excluded = new Set(urns.filter((urn) => matches(excludes, urn)));
    const kept = requirementsOf(before, excludeDependents ? dependentsOf(before, excluded) : excluded);
    return new Set(urns.filter((urn) => !kept.has(urn)));
  }

  /** The entries, without patterns, that match no resource of the stack or the program. */
  unknown(known: ReadonlySet<string>): string[] {
    const { targets = [], excludes = [] } = this.#selection;
    return [...targets, ...excludes].filter((entry) => !entry.includes("*") && !known.has(entry));
  }
}

/** The URNs with those of all direct and indirect dependents. The state lists a resource after everything that it requires. */
function dependentsOf(before: readonly Resource[], urns: ReadonlySet<string>): Set<string> {
  const found = new Set(urns);
  for (const resource of before) if (requiredUrns(resource).some((urn) => found.has(urn))) found.add(resource.urn);
  return found;
}

/** The URNs with those of everything that they require, directly or indirectly. */
function requirementsOf(before: readonly Resource[], urns: ReadonlySet<string>): Set<string> {
  const found = new Set(urns);
  for (const resource of [...before].reverse()) if (found.has(resource.urn)) for (const urn of requiredUrns(resource)) found.add(urn);
  return found;
}
