import type { Image } from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";
import { contentTag } from "../src/dockerContext";
import { type ArgumentNames, type Declared, declared, partOf, refuse } from "./checks";
import {
  argsInClear,
  asRegistered,
  checkImageBuild,
  dockerfileOf,
  type ImageBuildArgs,
  marked,
  type Platform,
  portable,
} from "./imageBuild";

/** Arguments of a `FlowImage`. */
export interface FlowImageArgs {
  /**
   * What is built, and the repository to which it is pushed.
   * @example build: { context: __dirname, repository: pulumi.interpolate`${images.url}/etl` }
   */
  build: ImageBuildArgs;
  /**
   * User name for the registry. By default the login of docker on this machine. It needs password. `registryLogin` of pushpool/gcp,
   * pushpool/aws and pushpool/azure returns both.
   * @example username: "oauth2accesstoken"
   */
  username?: pulumi.Input<string>;
  /**
   * Password or token for the registry. It is stored as a secret, marked or not. By default the login of docker on this machine.
   * @example password: config.requireSecret("registryToken")
   */
  password?: pulumi.Input<string>;
}

const FLOW_IMAGE_ARGUMENTS: ArgumentNames<FlowImageArgs> = {
  build: "required",
  username: "optional",
  password: "optional",
};

/**
 * A container image for flows. `up` builds it by `@pulumi/docker-build` and pushes it, tagged by its content. If the content is the same,
 * nothing is built.
 *
 * A pool with the argument `image` makes one itself, with the repository, the login and the platform that fit.
 *
 * ```ts
 * const images = new ImageRepository("flows");
 * const image = new FlowImage("etl", {
 *   build: { context: __dirname, repository: pulumi.interpolate`${images.url}/etl` }, ...registryLogin(),
 * });
 * const pool = new CloudRunPushPool("etl", { jobVariables: { image: image.ref } });
 * ```
 */
export class FlowImage extends pulumi.ComponentResource {
  /**
   * The image's name and digest, for the job variable image. Unknown in the preview of a build.
   */
  readonly ref: pulumi.Output<string>;
  /**
   * The tag that it was pushed with, made from its content.
   */
  readonly tag: pulumi.Output<string>;

  constructor(name: string, args: FlowImageArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("FlowImage", name, args, FLOW_IMAGE_ARGUMENTS);
    const { build, username, password } = args;
    const [platform = "linux/amd64"] = Array.isArray(build?.platforms) ? build.platforms : [];
    checkImageBuild("build", build, { platform: platform as Platform, reason: "" }, of);
    const { repository } = build;
    if (repository === undefined) refuse("build.repository is missing: FlowImage needs it", of);
    if ((username === undefined) !== (password === undefined)) refuse("username and password belong together: give both, or none", of);
    checkBuilder("build", of);
    const secret = password === undefined ? {} : { password: pulumi.secret(password) };
    super("pushpool:index:FlowImage", name, { ...args, build: asRegistered(build), ...secret }, opts);
    const login = username !== undefined && password !== undefined ? { username, password } : undefined;
    const made = builtImage(name, { at: "build", build, repository, platform: platform as Platform, login }, partOf(this, opts), of);

    this.ref = made.ref;
    this.tag = made.tag;
    this.registerOutputs({ ref: this.ref, tag: this.tag });
  }
}

/** A login to a registry. */
export interface RegistryLogin {
  username: pulumi.Input<string>;
  password: pulumi.Input<string>;
}

/** An image to build, and where it goes. */
export interface Built {
  /** The path of the argument in messages. */
  at: string;
  build: ImageBuildArgs;
  /** The image's name before the tag. */
  repository: pulumi.Input<string>;
  /** The platform to build for, if `build` names none. */
  platform: Platform;
  login?: RegistryLogin | undefined;
}

/** Make the resource of {@link FlowImage}, for a pool that does not create the component. `options` may name what it is deleted with. */
export function builtImage(
  name: string,
  { at, build, repository, platform, login }: Built,
  options: pulumi.CustomResourceOptions,
  of: Declared,
): Pick<FlowImage, "ref" | "tag"> {
  const { context, target, args, secrets, platforms = [platform] } = build;
  const dockerfile = dockerfileOf(build);
  const buildArgs = args && pulumi.output(argsInClear(at, args, of));
  const tag = pulumi.output(buildArgs).apply((known) => contentTag({ context, dockerfile, target, args: known, platforms }));
  const address = pulumi.output(repository).apply((known) => known.slice(0, known.indexOf("/")));
  const Built = dockerImage(at, of);
  const image = new Built(
    `${name}-image`,
    {
      context: { location: portable(context) },
      dockerfile: { location: portable(dockerfile) },
      platforms: platforms as Platform[],
      push: true,
      // A preview must need neither Docker nor a login.
      buildOnPreview: false,
      tags: [pulumi.interpolate`${repository}:${tag}`],
      ...(target === undefined ? {} : { target }),
      ...(buildArgs ? { buildArgs } : {}),
      ...(secrets ? { secrets: marked(secrets) } : {}),
      ...(login ? { registries: [{ address, username: login.username, password: pulumi.secret(login.password) }] } : {}),
    },
    options,
  );
  return { ref: pulumi.interpolate`${repository}@${image.digest}`, tag };
}

/** @throws {pulumi.ResourceError} with the command that installs the package, if it is missing */
export function checkBuilder(at: string, of: Declared): void {
  dockerImage(at, of);
}

/** Only programs that build an image load the package, and only they need it. */
function dockerImage(at: string, of: Declared): typeof Image {
  try {
    return (require("@pulumi/docker-build") as typeof import("@pulumi/docker-build")).Image;
  } catch (error) {
    if (!/^Cannot find module '@pulumi\/docker-build/.test((error as Error).message)) throw error;
    refuse(`${at} needs a package that is not installed: npm install @pulumi/docker-build`, of);
  }
}
