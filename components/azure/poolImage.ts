import * as pulumi from "@pulumi/pulumi";
import { quoted } from "../../src/shown";
import { type Declared, refuse } from "../checks";
import { builtImage, checkBuilder } from "../flowImage";
import { checkImageBuild, type ImageBuildArgs, imageName, type RunsOn } from "../imageBuild";
import type { ContainerInstancePushPoolArgs } from "./containerInstancePushPoolArgs";
import { registryLogin } from "./registryLogin";

/** https://learn.microsoft.com/azure/container-instances/container-instances-faq */
const RUNS_ON: RunsOn = { platform: "linux/amd64", reason: "Container Instances runs no other platform" };

/** @throws {pulumi.ResourceError} with the field and the fix */
export function checkPoolImage({ image, registryId }: ContainerInstancePushPoolArgs, of: Declared): void {
  if (image === undefined) return;
  checkImageBuild("image", image, RUNS_ON, of);
  if (image.repository !== undefined && registryId === undefined)
    refuse("image.repository needs registryId: give the id of the registry that the repository is in", of);
  checkBuilder("image", of);
}

/** Where a pool's image goes. */
interface PoolImage {
  image: ImageBuildArgs;
  /** The registry's host. */
  loginServer: pulumi.Input<string>;
  /** Base URL of the registry, for emulators. */
  endpoint?: pulumi.Input<string> | undefined;
}

/** Build the image of a pool's runs, and push it. @returns its name and digest */
export function poolImage(
  name: string,
  { image, loginServer, endpoint }: PoolImage,
  options: pulumi.CustomResourceOptions,
  of: Declared,
): pulumi.Output<string> {
  const repository =
    image.repository === undefined
      ? pulumi.interpolate`${loginServer}/${imageName(name)}`
      : pulumi.all([image.repository, loginServer]).apply(([known, host]) => checkedRepository(known, host, of));
  const login = registryLogin(loginServer, options.parent ? { parent: options.parent } : {}, endpoint);
  const { platform } = RUNS_ON;
  return builtImage(name, { at: "image", build: image, repository, platform, login }, options, of).ref;
}

/** No other registry may get the token of this one. */
function checkedRepository(repository: string, loginServer: string, of: Declared): string {
  if (repository.startsWith(`${loginServer}/`)) return repository;
  refuse(`image.repository ${quoted(repository)} must be in the registry of registryId: it must begin with ${loginServer}/`, of);
}
