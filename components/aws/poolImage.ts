import * as pulumi from "@pulumi/pulumi";
import { quoted } from "../../src/shown";
import { type Declared, refuse } from "../checks";
import { builtImage, checkBuilder } from "../flowImage";
import { checkImageBuild, type ImageBuildArgs, type Platform } from "../imageBuild";
import type { EcrRepository } from "./ecrRepository";
import { AN_EXAMPLE, isInEcr, registryLogin } from "./registryLogin";

/** @param platform of the pool's tasks @throws {pulumi.ResourceError} with the field and the fix */
export function checkPoolImage(image: ImageBuildArgs | undefined, platform: Platform, of: Declared): void {
  if (image === undefined) return;
  const reason =
    platform === "linux/arm64"
      ? "the tasks of this pool are ARM64"
      : 'the tasks of this pool are X86_64 (cpuArchitecture: "ARM64" changes that)';
  checkImageBuild("image", image, { platform, reason }, of);
  if (typeof image.repository === "string") checkedRepository(image.repository, of);
  checkBuilder("image", of);
}

/** Where a pool's image goes, and for what. */
interface PoolImage {
  image: ImageBuildArgs;
  /** The pool's own repository, if it made one. */
  images: EcrRepository | undefined;
  platform: Platform;
}

/** Build the image of a pool's runs, and push it. @returns its name and digest */
export function poolImage(
  name: string,
  { image, images, platform }: PoolImage,
  options: pulumi.CustomResourceOptions,
  of: Declared,
): pulumi.Output<string> {
  const repository = pulumi.output(image.repository ?? images?.url ?? "").apply((known) => checkedRepository(known, of));
  const login = registryLogin(repository, options.parent ? { parent: options.parent } : {});
  return builtImage(name, { at: "image", build: image, repository, platform, login }, options, of).ref;
}

/** No other registry may get the token of AWS. */
function checkedRepository(repository: string, of: Declared): string {
  if (isInEcr(repository)) return repository;
  refuse(`image.repository ${quoted(repository)} must be in Elastic Container Registry, such as ${AN_EXAMPLE}: the pool logs in there`, of);
}
