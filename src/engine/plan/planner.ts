import { randomBytes } from "node:crypto";
import { UserError } from "../../userError";
import type { Provider } from "../provider";
import type { Resource } from "../state/stackStore";
import type { Step } from "../state/step";
import { isProviderType, nameOf, urnOf } from "../urn";
import { type Properties, withoutSecrets } from "../wire";
import { formerUrns } from "./aliases";
import { type Condemned, creating, deletingFirst, deletingReplaced, inPlaceOf, keeping, recreating, replacing, updating } from "./decide";
import { deletionLayers } from "./deletions";
import { dependentQuestion } from "./dependents";
import { compareInputs, replacedFor, UNCHANGED, type Verdict, verdictOf } from "./diff";
import type { Goal } from "./goal";
import { ignoringChanges } from "./ignoreChanges";
import { resourceOf } from "./resource";

/** What cannot be planned; `urn`: what it is about. */
export class PlanFailed extends UserError {
  constructor(
    message: string,
    readonly urn: string,
  ) {
    super(message);
  }
}

export function duplicateUrn(urn: string): PlanFailed {
  return new PlanFailed(`Duplicate resource URN '${urn}'; try giving it a unique name`, urn);
}

/** Whom the planner asks. It changes nothing by that. */
export interface Providers {
  /** The provider of a resource; of a provider resource, what does for them. */
  providerOf(resource: Pick<Resource, "type" | "provider" | "urn">): Promise<Provider>;
  /** Whether a resource that moves from one provider to the other has to be replaced. */
  replacedWith(oldReference: string, reference: string): Promise<boolean>;
}

interface PlannerOptions {
  project: string;
  stack: string;
  preview: boolean;
  /** What the stack has, in its order. */
  before: readonly Resource[];
  providers: Providers;
  /** URNs of what is to be replaced though nothing of it differs. */
  replace?: ReadonlySet<string>;
  /** Hears of what makes the plan impossible, while a preview goes on to show the rest. */
  onError: (urn: string, message: string) => void;
}

/**
 * Turns what a program declares, one goal after the other, into the steps to take: what Pulumi calls the step generator. It asks providers
 * (check, diff) and does nothing; the decisions themselves are the pure functions around it.
 */
export class Planner {
  readonly #options: PlannerOptions;
  readonly #before: ReadonlyMap<string, Resource>;
  /** URNs that the program has declared. */
  readonly #declared = new Set<string>();
  readonly #replaced = new Set<string>();
  /** Deleted ahead of their own registration, with the reasons. */
  readonly #deletedFirst = new Map<string, string[]>();
  readonly #deleted = new Set<Resource>();
  /** URNs that were found under an alias: from the new one to the former, and back. */
  readonly #formerOf = new Map<string, string>();
  readonly #nowOf = new Map<string, string>();

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#before = new Map(options.before.filter((resource) => !resource.delete).map((resource) => [resource.urn, resource]));
  }

  /**
   * The steps for a goal, to be taken one after the other.
   * @throws {PlanFailed} if it cannot be
   */
  async plan(goal: Goal): Promise<Step[]> {
    const urn = urnOf(this.#options.stack, this.#options.project, goal.parent, goal.type, goal.name);
    const old = this.#stateOf(urn, goal);
    this.#declared.add(urn);
    if (old && old.custom !== goal.custom)
      throw new PlanFailed(
        `"${goal.name}" of type ${goal.type} is a ${old.custom ? "resource" : "component"} in the state, and a ${goal.custom ? "resource" : "component"} in the program: give one of them another name`,
        urn,
      );
    const news = old ? ignoringChanges(old.inputs ?? {}, goal.inputs, goal.ignoreChanges) : goal.inputs;
    if (!goal.custom) {
      const next = resourceOf(urn, goal, news);
      if (!old) return creating(next);
      const verdict = compareInputs(old.inputs ?? {}, news);
      return verdict.changed ? updating(old, next, verdict, goal.ignoreChanges) : keeping(old, next);
    }
    return this.#planCustom(urn, goal, old, news);
  }

  /** The steps by which something is looked up by its id, and is from then on known as external. */
  planRead(goal: Goal, id: string): Step[] {
    const urn = urnOf(this.#options.stack, this.#options.project, goal.parent, goal.type, goal.name);
    if (this.#declared.has(urn)) throw duplicateUrn(urn);
    this.#declared.add(urn);
    const next: Resource = { ...resourceOf(urn, goal, goal.inputs), id, external: true };
    const old = this.#before.get(urn);
    if (old && !old.external && old.id !== id) {
      this.#replaced.add(urn);
      return inPlaceOf(old, next, "read-replacement");
    }
    // One of the same id is released: it is there, but no more for this stack to change.
    return [{ op: "read", urn, type: goal.type, next, ...(old ? { old } : {}) }];
  }

  /**
   * What is still to be done to something that was imported just now, so that it is as the program declares it; one step "same" if nothing.
   * @throws {PlanFailed} if it would have to be replaced for that
   */
  async planImported(goal: Goal, imported: Resource): Promise<Step[]> {
    const { urn, inputs = {} } = imported;
    const provider = await this.#options.providers.providerOf(imported);
    const wanted = ignoringChanges(inputs, goal.inputs, goal.ignoreChanges);
    const next = resourceOf(urn, goal, await this.#checked(provider, urn, inputs, wanted, randomBytes(32)));
    const verdict = await this.#verdict(provider, imported, next, goal);
    if (verdict.replace)
      throw new PlanFailed(
        `"${goal.name}" was imported as ${imported.id}, and differs from what the program declares in ${verdict.keys.join(", ")}, for which it would have to be replaced: declare it as it is, or use --engine pulumi`,
        urn,
      );
    return verdict.changed ? updating(imported, next, verdict, goal.ignoreChanges) : keeping(imported, next);
  }

  async #planCustom(urn: string, goal: Goal, old: Resource | undefined, news: Properties): Promise<Step[]> {
    const provider = await this.#options.providers.providerOf({ ...goal, urn });
    const seed = randomBytes(32);
    const keys = this.#deletedFirst.get(urn);
    const { importId } = goal;
    if (importId && (!old || old.external || (old.id !== importId && old.importID !== importId))) {
      const next: Resource = { ...resourceOf(urn, goal, news), id: importId };
      if (!old || keys !== undefined) return [{ op: "import", urn, type: goal.type, next, ...(old ? { old } : {}) }];
      this.#replaced.add(urn);
      return inPlaceOf(old, next, "import-replacement");
    }
    // Of what is replaced for its own sake the provider hears nothing that it was (as Pulumi's engine has it).
    const wanted = old !== undefined && (this.#options.replace?.has(old.urn) || this.#options.replace?.has(urn) || old.taint === true);
    const standing = keys === undefined && !wanted ? old : undefined;
    const next = resourceOf(urn, goal, await this.#checked(provider, urn, standing?.inputs ?? {}, news, seed));
    if (!old) return creating(next);
    if (old.external) {
      this.#replaced.add(urn);
      return replacing(old, next, UNCHANGED);
    }
    if (keys !== undefined) return recreating(old, next, { keys, diffs: [], detailed: {} }, { condemned: true });

    const verdict = wanted ? replacedFor("id") : await this.#verdict(provider, old, next, goal);
    if (verdict.replace || old.pendingReplacement) {
      if (old.protect && next.protect) this.#refuseReplacement(urn);
      this.#replaced.add(urn);
      const anew = wanted ? next : resourceOf(urn, goal, await this.#checked(provider, urn, {}, news, seed));
      if (!(goal.deleteBeforeReplace ?? verdict.deleteBeforeReplace) && !old.pendingReplacement) return replacing(old, anew, verdict);
      const condemned = await this.#dependentsToReplace(old);
      for (const { resource, keys } of condemned) {
        this.#deletedFirst.set(resource.urn, keys);
        this.#deleted.add(resource);
      }
      this.#deleted.add(old);
      return deletingFirst(old, anew, verdict, condemned);
    }
    if (verdict.changed) return updating(old, next, verdict, goal.ignoreChanges);
    return old.initErrors?.length ? updating(old, next, UNCHANGED, []) : keeping(old, next);
  }

  /** What is to be deleted once the program has declared all, in layers. Loads the providers of what is. */
  async planDeletions(): Promise<Step[][]> {
    const steps = new Map<Resource, Step>();
    for (const resource of this.#options.before) {
      const { urn, type } = resource;
      if (this.#deleted.has(resource)) continue;
      if (resource.delete) steps.set(resource, deletingReplaced(resource));
      else if (this.#replaced.has(urn)) steps.set(resource, deletingReplaced(resource));
      else if (this.#declared.has(urn) || this.#nowOf.has(urn)) continue;
      else if (resource.external) steps.set(resource, { op: "discard", urn, type, old: resource });
      else steps.set(resource, { op: resource.pendingReplacement ? "remove-pending-replace" : "delete", urn, type, old: resource });
    }
    for (const { custom, type, provider, urn } of steps.keys())
      if (custom && !isProviderType(type) && provider) await this.#options.providers.providerOf({ type, provider, urn });
    return deletionLayers([...steps.keys()]).map((layer) => layer.flatMap((resource) => steps.get(resource) ?? []));
  }

  async #checked(provider: Provider, urn: string, olds: Properties, news: Properties, seed: Buffer): Promise<Properties> {
    const { inputs, failures } = await provider.check({ urn, olds, news, seed });
    if (failures.length === 0) return inputs;
    const [type, name] = [urn.split("::")[2]?.split("$").at(-1), nameOf(urn)];
    const lines = failures.map(({ property, reason }) =>
      property
        ? `${type} resource '${name}': property ${property} value ${shownValue(news, property)} has a problem: ${reason}`
        : `${type} resource '${name}' has a problem: ${reason}`,
    );
    throw new PlanFailed(lines.join("\n"), urn);
  }

  async #verdict(provider: Provider, old: Resource, next: Resource, goal: Goal): Promise<Verdict> {
    if (
      old.provider &&
      next.provider &&
      old.provider !== next.provider &&
      (await this.#options.providers.replacedWith(old.provider, next.provider))
    )
      return replacedFor("provider");
    const { urn, inputs = {} } = next;
    const { id = "", inputs: oldInputs = {}, outputs: oldOutputs = {} } = old;
    const { ignoreChanges, replaceOnChanges } = goal;
    const diff = await provider.diff({ urn, id, oldInputs, oldOutputs, inputs, ignoreChanges });
    return verdictOf(diff, { oldInputs, inputs, ignoreChanges, replaceOnChanges });
  }

  /** Of what depends on a resource, however indirectly, that which is replaced when it is: the last to depend first. */
  async #dependentsToReplace(root: Resource): Promise<Condemned[]> {
    const going = new Set([root.urn]);
    const condemned: Condemned[] = [];
    for (const resource of this.#before.values()) {
      if (going.has(resource.urn)) continue;
      const question = dependentQuestion(resource, going);
      if (question.kind === "stays") continue;
      const keys = question.kind === "ask" ? await this.#replacedFor(resource, question.inputs) : [];
      if (keys === undefined) continue;
      going.add(resource.urn);
      if (!this.#deleted.has(resource)) condemned.unshift({ resource, keys });
    }
    return condemned;
  }

  async #replacedFor(resource: Resource, inputs: Properties): Promise<string[] | undefined> {
    const { urn, id = "", inputs: oldInputs = {}, outputs: oldOutputs = {} } = resource;
    const provider = await this.#options.providers.providerOf(resource);
    const { replaces } = await provider.diff({ urn, id, oldInputs, oldOutputs, inputs, ignoreChanges: [] });
    return replaces.length > 0 ? replaces : undefined;
  }

  #refuseReplacement(urn: string): void {
    const message = `unable to replace resource "${urn}"\nas it is currently marked for protection: remove its protect option first, then \`up\``;
    if (!this.#options.preview) throw new PlanFailed(message, urn);
    this.#options.onError(urn, message);
  }

  /** What the state has of a resource, under its own URN or a former one. No two resources come from the same one. */
  #stateOf(urn: string, goal: Goal): Resource | undefined {
    if (this.#declared.has(urn)) throw duplicateUrn(urn);
    const taken = this.#nowOf.get(urn);
    if (taken) throw new PlanFailed(`Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${taken}'`, urn);
    const { project, stack } = this.#options;
    const former = formerUrns({ ...goal, project, stack }, goal.aliases, this.#formerOf);
    const found = [urn, ...former].find((candidate) => this.#before.has(candidate));
    if (found === undefined || found === urn) return this.#before.get(urn);
    const other = this.#declared.has(found) ? found : this.#nowOf.get(found);
    if (other)
      throw new PlanFailed(`Duplicate resource alias '${found}' applied to resource with URN '${urn}' conflicting with '${other}'`, urn);
    this.#formerOf.set(urn, found);
    this.#nowOf.set(found, urn);
    return this.#before.get(found);
  }
}

/** A refused value is shown, unless anything in it is secret. */
function shownValue(news: Properties, property: string): string {
  const value = news[property];
  if (value === undefined) return "{<nil>}";
  return JSON.stringify(withoutSecrets(value)) === JSON.stringify(value)
    ? `{${typeof value === "string" ? value : JSON.stringify(value)}}`
    : "[secret]";
}
