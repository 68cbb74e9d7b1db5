import { Repository } from "@pulumi/gcp/artifactregistry";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf, refuse } from "../checks";
import { physicalName } from "../physicalName";
import { placeOf } from "./gcpChecks";

/** Arguments of an `ImageRepository`. */
export interface ImageRepositoryArgs {
  /**
   * Project of the repository. By default the provider's (`gcp:project`).
   * @example project: "acme-data"
   */
  project?: pulumi.Input<string>;
  /**
   * Region in which the images are stored. Choose the region of the runs. By default the provider's (`gcp:region`).
   * @example region: "europe-west1"
   */
  region?: pulumi.Input<string>;
  /**
   * Id of the repository. By default generated from the component's name.
   * @example repositoryId: "flows"
   */
  repositoryId?: string;
}

const IMAGE_REPOSITORY_ARGUMENTS: ArgumentNames<ImageRepositoryArgs> = {
  project: "optional",
  region: "optional",
  repositoryId: "optional",
};

/**
 * A Docker repository of Artifact Registry for the images of flows. Cloud Run can read the repositories of its own project without further
 * permissions.
 *
 * ```ts
 * const images = new ImageRepository("etl-images");
 * const image = pulumi.interpolate`${images.url}/etl:1.2`;
 * ```
 */
export class ImageRepository extends pulumi.ComponentResource {
  /**
   * The prefix of the images' names: REGION-docker.pkg.dev/PROJECT/REPOSITORY.
   */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: ImageRepositoryArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("ImageRepository", name, args, IMAGE_REPOSITORY_ARGUMENTS);
    const { repositoryId = physicalName(name, 63) } = args;
    const project = placeOf("project", args.project, of);
    const location = placeOf("region", args.region, of);
    if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(repositoryId))
      refuse(`repositoryId "${repositoryId}" must have at most 63 lowercase letters, digits and hyphens, and begin with a letter`, of);
    super("pushpool:index:ImageRepository", name, args, opts);
    const repository = new Repository(`${name}-repository`, { project, location, repositoryId, format: "DOCKER" }, partOf(this, opts));

    this.url = pulumi.interpolate`${repository.location}-docker.pkg.dev/${repository.project}/${repository.repositoryId}`;
    this.registerOutputs({ url: this.url });
  }
}
