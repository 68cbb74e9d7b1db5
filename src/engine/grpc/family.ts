import type * as resource from "@pulumi/pulumi/proto/resource_pb";
import type { Goal } from "../plan/goal";
import { isProviderType, packageOf, splitReference, typeOf } from "../urn";
import type { Registration } from "./registration";

interface Member {
  /** URN of the parent; "" for the stack. */
  parent: string;
  goal: Goal;
  /** References to providers by package, for its children. */
  providers: Readonly<Record<string, string>>;
}

/** The resources that were registered so far, as their children see them: what these inherit (pkg/resource/deploy/source_eval.go). */
export class Family {
  readonly #members = new Map<string, Member>();

  add(urn: string, member: Member): void {
    if (urn) this.#members.set(urn, member);
  }

  goalOf(urn: string): Goal | undefined {
    return this.#members.get(urn)?.goal;
  }

  /** The URN of a parent and those of its parents, from the inside out. */
  ancestors(parent: string): string[] {
    const urns: string[] = [];
    for (let urn = parent; urn !== ""; urn = this.#members.get(urn)?.parent ?? "") urns.push(urn);
    return urns;
  }

  /** The reference to the provider of a registration: its own, its parent's if that is of the same package, or "". */
  providerFor(request: resource.RegisterResourceRequest, parent: Goal | undefined): string {
    const [custom, remote, type] = [request.getCustom(), request.getRemote(), request.getType()];
    const isOfPackage = parent?.provider && packageOf(typeOf(splitReference(parent.provider).urn)) === packageOf(type);
    const inherited = (!custom && !remote) || (isOfPackage && !isProviderType(type)) ? (parent?.provider ?? "") : "";
    const own = request.getProvider() || inherited;
    if (!custom && !remote) return own;
    return own || request.getProvidersMap().get(packageOf(type)) || this.inheritedProvider("", request.getParent(), packageOf(type));
  }

  /** The given provider, else the one of a package that a parent passes on to its children, else "". */
  inheritedProvider(given: string, parent: string, packageName: string): string {
    return given || (this.#members.get(parent)?.providers[packageName] ?? "");
  }

  /** The providers that a component passes on to its children: its own, and those of its parent. */
  providersOf({ custom, parent, options }: Registration): Record<string, string> {
    if (custom) return {};
    return { ...this.#members.get(parent)?.providers, ...Object.fromEntries(options.getProvidersMap().entries()) };
  }
}
