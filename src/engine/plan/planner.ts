import { randomBytes } from "node:crypto";
import type { Properties } from "../propertyWire";
import type { Resource } from "../state/stackStore";
import type { Step } from "../state/step";
import { isProviderType, urnOf } from "../urn";
import { formerUrns } from "./aliases";
import {
  createSteps,
  type DependentReplacement,
  deleteBeforeReplaceSteps,
  deleteReplacedStep,
  keepSteps,
  recreateSteps,
  replaceSteps,
  skippedCreateStep,
  takeOverSteps,
  untargetedStep,
  updateSteps,
} from "./decide";
import { deletionLayers, requiredUrns } from "./deletions";
import { dependentQuestion } from "./dependents";
import { compareInputs, type DiffDecision, replaceBecauseOf, UNCHANGED } from "./diffDecision";
import type { Goal } from "./goal";
import { applyIgnoreChanges } from "./ignoreChanges";
import { checkedInputs, decisionOf, type Providers, replacementKeys } from "./questions";
import {
  duplicateUrn,
  importedReplacement,
  otherKind,
  PlanFailed,
  protectedReplacement,
  skippedRequirement,
  unknownTarget,
  untargetedDeletions,
} from "./refusals";
import { resourceOf } from "./resource";
import { type Selection, Targets } from "./targets";

interface PlannerOptions {
  project: string;
  stack: string;
  preview: boolean;
  /** The resources in the state, in their order. */
  before: readonly Resource[];
  providers: Providers;
  /** URNs of the resources to replace even if nothing differs. */
  replace?: ReadonlySet<string>;
  /** The resources that take part. @default all */
  selection?: Selection;
  /** Called with each error that makes the plan impossible. A preview continues and shows the rest. */
  onError: (urn: string, message: string) => void;
  /** Called in a preview with what an update would refuse. */
  onWarning?: (urn: string, message: string) => void;
}

/**
 * Turns the goals of a program, one after the other, into the steps to execute. Pulumi calls this part the step generator.
 * The planner asks providers (check, diff) and changes nothing. The pure functions in this folder decide.
 */
export class Planner {
  readonly #options: PlannerOptions;
  readonly #before: ReadonlyMap<string, Resource>;
  /** URNs that the program has declared. */
  readonly #declared = new Set<string>();
  readonly #replaced = new Set<string>();
  /** Resources that are deleted before their own registration arrives, with the reasons. */
  readonly #deletedFirst = new Map<string, string[]>();
  readonly #deleted = new Set<Resource>();
  /** Resources that were found under an alias: the former URN by the new one, and the new URN by the former one. */
  readonly #formerUrnOf = new Map<string, string>();
  readonly #newUrnOf = new Map<string, string>();
  readonly #targets: Targets;
  /** URNs of resources that are not created, because they do not take part. */
  readonly #skipped = new Set<string>();

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#targets = new Targets(options.selection);
    this.#before = new Map(options.before.filter((resource) => !resource.delete).map((resource) => [resource.urn, resource]));
  }

  /**
   * The steps for a goal, to be executed in order.
   * @throws {PlanFailed} if the goal cannot be planned
   */
  async plan(goal: Goal): Promise<Step[]> {
    const urn = urnOf(this.#options.stack, this.#options.project, goal.parent, goal.type, goal.name);
    const old = this.#findInState(urn, goal);
    this.#declared.add(urn);
    if (old && old.custom !== goal.custom) throw otherKind(urn, goal);
    const news = old ? applyIgnoreChanges(old.inputs ?? {}, goal.inputs, goal.ignoreChanges) : goal.inputs;
    const wanted = resourceOf(urn, goal, news);
    if (!this.#targets.include(wanted)) {
      if (old) return [untargetedStep(old, goal.custom ? resourceOf(urn, goal, old.inputs ?? {}) : wanted)];
      this.#skipped.add(urn);
      return [skippedCreateStep(wanted)];
    }
    this.#refuseSkippedRequirements(wanted);
    if (!goal.custom) {
      const next = resourceOf(urn, goal, news);
      if (!old) return createSteps(next);
      const decision = compareInputs(old.inputs ?? {}, news);
      return decision.changed ? updateSteps(old, next, decision, goal.ignoreChanges) : keepSteps(old, next);
    }
    return this.#planCustom(urn, goal, old, news);
  }

  /** The steps that look up an existing resource by its id. The state holds it as external from then on. */
  planRead(goal: Goal, id: string): Step[] {
    const urn = urnOf(this.#options.stack, this.#options.project, goal.parent, goal.type, goal.name);
    if (this.#declared.has(urn)) throw duplicateUrn(urn);
    this.#declared.add(urn);
    const next: Resource = { ...resourceOf(urn, goal, goal.inputs), id, external: true };
    const old = this.#before.get(urn);
    if (old && !old.external && old.id !== id) {
      this.#replaced.add(urn);
      return takeOverSteps(old, next, "read-replacement");
    }
    // A resource with the same id leaves the stack's management: it stays, but the stack does not change it any more.
    return [{ op: "read", urn, type: goal.type, next, ...(old ? { old } : {}) }];
  }

  /**
   * The steps that make an imported resource match the program. One step "same" if it matches already.
   * @throws {PlanFailed} if the resource would have to be replaced
   */
  async planImported(goal: Goal, imported: Resource): Promise<Step[]> {
    const { urn, inputs = {} } = imported;
    const provider = await this.#options.providers.providerOf(imported);
    const wanted = applyIgnoreChanges(inputs, goal.inputs, goal.ignoreChanges);
    const next = resourceOf(urn, goal, await checkedInputs(provider, { urn, olds: inputs, news: wanted, seed: randomBytes(32) }));
    const decision = await decisionOf(this.#options.providers, provider, { old: imported, next, goal });
    if (decision.replace) {
      this.#refuseToReplaceImported(goal, imported, next, decision);
      return replaceSteps(imported, next, decision);
    }
    return decision.changed ? updateSteps(imported, next, decision, goal.ignoreChanges) : keepSteps(imported, next);
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
      return takeOverSteps(old, next, "import-replacement");
    }
    // When the user asks for a replacement, the provider does not get the old inputs. Pulumi's engine does the same.
    const mustReplace = old !== undefined && (this.#options.replace?.has(old.urn) || this.#options.replace?.has(urn) || old.taint === true);
    const checkedAgainst = keys === undefined && !mustReplace ? old : undefined;
    const next = resourceOf(urn, goal, await checkedInputs(provider, { urn, olds: checkedAgainst?.inputs ?? {}, news, seed }));
    if (!old) return createSteps(next);
    if (old.external) {
      this.#replaced.add(urn);
      return replaceSteps(old, next, UNCHANGED);
    }
    if (keys !== undefined) return recreateSteps(old, next, { keys, diffs: [], detailed: {} }, { isDependent: true });

    const decision = mustReplace ? replaceBecauseOf("id") : await decisionOf(this.#options.providers, provider, { old, next, goal });
    if (decision.replace || old.pendingReplacement) {
      if (old.protect && next.protect) this.#refuse(urn, protectedReplacement(urn));
      if (importId) this.#refuseToReplaceImported(goal, old, next, decision);
      this.#replaced.add(urn);
      const replacement = mustReplace ? next : resourceOf(urn, goal, await checkedInputs(provider, { urn, olds: {}, news, seed }));
      if (!(goal.deleteBeforeReplace ?? decision.deleteBeforeReplace) && !old.pendingReplacement)
        return replaceSteps(old, replacement, decision);
      const dependents = await this.#dependentsToReplace(old);
      for (const { resource, keys } of dependents) {
        this.#deletedFirst.set(resource.urn, keys);
        this.#deleted.add(resource);
      }
      this.#deleted.add(old);
      return deleteBeforeReplaceSteps(old, replacement, decision, dependents);
    }
    if (decision.changed) return updateSteps(old, next, decision, goal.ignoreChanges);
    return old.initErrors?.length ? updateSteps(old, next, UNCHANGED, []) : keepSteps(old, next);
  }

  /** The deletions that follow when the program has declared everything, in layers. Loads the providers that they need. */
  async planDeletions(): Promise<Step[][]> {
    this.#refuseUnknownTargets();
    const steps = new Map<Resource, Step>();
    const deletable = await this.#deletable();
    for (const resource of this.#options.before) {
      const { urn, type } = resource;
      if (this.#deleted.has(resource)) continue;
      if (deletable && !deletable.has(urn) && !this.#replaced.has(urn)) continue;
      if (resource.delete) steps.set(resource, deleteReplacedStep(resource));
      else if (this.#replaced.has(urn)) steps.set(resource, deleteReplacedStep(resource));
      else if (this.#declared.has(urn) || this.#newUrnOf.has(urn)) continue;
      else if (resource.external) steps.set(resource, { op: "discard", urn, type, old: resource });
      else steps.set(resource, { op: resource.pendingReplacement ? "remove-pending-replace" : "delete", urn, type, old: resource });
    }
    this.#refuseUntargetedDeletions([...steps.keys()].map(({ urn }) => urn));
    for (const { custom, type, provider, urn } of steps.keys())
      if (custom && !isProviderType(type) && provider) await this.#options.providers.providerOf({ type, provider, urn });
    return deletionLayers([...steps.keys()]).map((layer) => layer.flatMap((resource) => steps.get(resource) ?? []));
  }

  /** The steps of the resources that do not take part, and that the program has not declared: they stay. Before the deletions. */
  async planUntargeted(): Promise<Step[]> {
    const deletable = await this.#deletable();
    if (!deletable) return [];
    const isLeft = (resource: Resource) =>
      !resource.delete && !deletable.has(resource.urn) && !this.#declared.has(resource.urn) && !this.#newUrnOf.has(resource.urn);
    return this.#options.before
      .filter((resource) => isLeft(resource) && !this.#deleted.has(resource))
      .map((resource) => untargetedStep(resource));
  }

  /** The URNs that may be deleted, once; `undefined`: all. */
  async #deletable(): Promise<ReadonlySet<string> | undefined> {
    this.#deletableUrns ??= this.#findDeletable();
    return this.#deletableUrns;
  }

  #deletableUrns: Promise<ReadonlySet<string> | undefined> | undefined;

  /** Also what would have to be replaced with a target, as its provider says. */
  async #findDeletable(): Promise<ReadonlySet<string> | undefined> {
    const { before, selection } = this.#options;
    const deletable = this.#targets.deletable(before);
    if (!deletable || !selection?.targets?.length) return deletable;
    for (const resource of before.filter(({ urn }) => deletable.has(urn) && !this.#declared.has(urn)))
      for (const dependent of await this.#dependentsToReplace(resource)) deletable.add(dependent.resource.urn);
    return deletable;
  }

  #refuseUnknownTargets(): void {
    const [unknown] = this.#targets.unknown(new Set([...this.#options.before.map(({ urn }) => urn), ...this.#declared]));
    if (unknown !== undefined) throw unknownTarget(unknown);
  }

  #refuseUntargetedDeletions(urns: readonly string[]): void {
    const refused = urns.filter((urn) => !this.#targets.mayDelete(urn));
    if (refused.length > 0) this.#refuse("", untargetedDeletions(refused));
  }

  /** A resource cannot be made if it requires one that is not created. */
  #refuseSkippedRequirements(resource: Resource): void {
    const missing = requiredUrns(resource).find((urn) => this.#skipped.has(urn));
    if (missing === undefined) return;
    this.#skipped.delete(missing);
    this.#refuse(resource.urn, skippedRequirement(resource.urn, missing));
  }

  /** A replacement would have another id than the program's option `import`. */
  #refuseToReplaceImported(goal: Goal, old: Resource, next: Resource, { keys }: DiffDecision): void {
    const message = importedReplacement(goal, old, next, keys);
    if (!this.#options.preview) throw new PlanFailed(message, next.urn);
    this.#options.onWarning?.(next.urn, message);
  }

  #refuse(urn: string, message: string): void {
    if (!this.#options.preview) throw new PlanFailed(message, urn);
    this.#options.onError(urn, message);
  }

  /** The direct and indirect dependents that must be replaced together with a resource, in the order in which they are deleted. */
  async #dependentsToReplace(root: Resource): Promise<DependentReplacement[]> {
    const going = new Set([root.urn]);
    const dependents: DependentReplacement[] = [];
    for (const resource of this.#before.values()) {
      if (going.has(resource.urn)) continue;
      const question = dependentQuestion(resource, going);
      if (question.kind === "stays") continue;
      const keys = question.kind === "ask" ? await replacementKeys(this.#options.providers, resource, question.inputs) : [];
      if (keys === undefined) continue;
      going.add(resource.urn);
      if (!this.#deleted.has(resource)) dependents.unshift({ resource, keys });
    }
    return dependents;
  }

  /** The state's resource for a goal, found under its own URN or a former one. Two goals never match the same resource. */
  #findInState(urn: string, goal: Goal): Resource | undefined {
    if (this.#declared.has(urn)) throw duplicateUrn(urn);
    const taken = this.#newUrnOf.get(urn);
    if (taken) throw new PlanFailed(`Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${taken}'`, urn);
    const { project, stack } = this.#options;
    const former = formerUrns({ ...goal, project, stack }, goal.aliases, this.#formerUrnOf);
    const found = [urn, ...former].find((candidate) => this.#before.has(candidate));
    if (found === undefined || found === urn) return this.#before.get(urn);
    const other = this.#declared.has(found) ? found : this.#newUrnOf.get(found);
    if (other)
      throw new PlanFailed(`Duplicate resource alias '${found}' applied to resource with URN '${urn}' conflicting with '${other}'`, urn);
    this.#formerUrnOf.set(urn, found);
    this.#newUrnOf.set(found, urn);
    return this.#before.get(found);
  }
}
