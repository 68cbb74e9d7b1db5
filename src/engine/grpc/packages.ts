import type * as resource from "@pulumi/pulumi/proto/resource_pb";
import type { PackageRequest } from "./registration";

/** The packages that a program has registered, by the references that it got for them. */
export class Packages {
  readonly #packages = new Map<string, PackageRequest>();
  readonly #refuse: (what: string) => Error;

  constructor(refuse: (what: string) => Error) {
    this.#refuse = refuse;
  }

  /** @returns a reference for later registrations. The same package has the same reference. */
  register(request: resource.RegisterPackageRequest): string {
    const [name, version, downloadUrl] = [request.getName(), request.getVersion(), request.getDownloadUrl()];
    const parameters = request.getParameterization();
    if (parameters) throw this.#refuse(`the package ${parameters.getName()}, which is a parameterization of ${name},`);
    const reference = [name, version, downloadUrl].join(" ");
    this.#packages.set(reference, { name, version, downloadUrl });
    return reference;
  }

  /** The package of a reference; without a reference, the one that the request itself describes. */
  of(reference: string, described: PackageRequest): PackageRequest {
    return this.#packages.get(reference) ?? described;
  }
}
