import * as pulumi from "@pulumi/pulumi";
import { quoted } from "../../src/shown";
import { type Declared, refuse } from "../checks";
import { builtImage, checkBuilder } from "../flowImage";
import { checkImageBuild, type ImageBuildArgs, imageName, type RunsOn } from "../imageBuild";
import type { ImageRepository } from "./imageRepository";
import { registryLogin } from "./registryLogin";

/** https://cloud.google.com/run/docs/container-contract#languages */
const RUNS_ON: RunsOn = { platform: "linux/amd64", reason: "Cloud Run runs no other platform" };

/** @throws {pulumi.ResourceError} with the field and the fix */
export function checkPoolImage(image: ImageBuildArgs | undefined, of: Declared): void {
  if (image === undefined) return;
  checkImageBuild("image", image, RUNS_ON, of);
  if (typeof image.repository === "string") checkedRepository(image.repository, of);
  checkBuilder("image", of);
}

/**
 * Build the image of a pool's runs, and push it.
 * @param images the pool's own repository, if it made one
 * @returns its name and digest
 */
export function poolImage(
  name: string,
  image: ImageBuildArgs,
  images: ImageRepository | undefined,
  options: pulumi.CustomResourceOptions,
  of: Declared,
): pulumi.Output<string> {
  const repository =
    image.repository === undefined
      ? pulumi.interpolate`${images?.url}/${imageName(name)}`
      : pulumi.output(image.repository).apply((known) => checkedRepository(known, of));
  const login = registryLogin(options.parent ? { parent: options.parent } : {});
  const { platform } = RUNS_ON;
  return builtImage(name, { at: "image", build: image, repository, platform, login }, options, of).ref;
}

/** No other registry may get the token of Google Cloud. */
function checkedRepository(repository: string, of: Declared): string {
  if (/^([a-z0-9-]+-docker\.pkg\.dev|([a-z]+\.)?gcr\.io)\/./.test(repository)) return repository;
  refuse(
    `image.repository ${quoted(repository)} must be in Artifact Registry, such as europe-west1-docker.pkg.dev/acme-data/flows/etl: the pool logs in there`,
    of,
  );
}
