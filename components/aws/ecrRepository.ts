import { Repository } from "@pulumi/aws/ecr";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { checkAwsName, regionOf } from "./awsChecks";

/** Arguments of an `EcrRepository`. */
export interface EcrRepositoryArgs {
  /**
   * Name of the repository. By default generated from the component's name.
   * @example repositoryName: "flows/etl"
   */
  repositoryName?: string;
  /**
   * Region in which the images are stored. Choose the region of the runs. By default the provider's (`aws:region`).
   * @example region: "eu-west-1"
   */
  region?: pulumi.Input<string>;
  /**
   * Whether `destroy` deletes the repository with its images. By default it fails while the repository contains images.
   * @example forceDelete: true
   */
  forceDelete?: boolean;
}

const ECR_REPOSITORY_ARGUMENTS: ArgumentNames<EcrRepositoryArgs> = {
  repositoryName: "optional",
  region: "optional",
  forceDelete: "optional",
};

/**
 * A repository of Elastic Container Registry for the images of flows. A tag can be pushed again. By default `destroy`
 * keeps a repository that contains images.
 *
 * ```ts
 * const images = new EcrRepository("etl-images");
 * const image = pulumi.interpolate`${images.url}:1.2`;
 * ```
 */
export class EcrRepository extends pulumi.ComponentResource {
  /**
   * The name of the images, before the colon and the tag.
   */
  readonly url: pulumi.Output<string>;
  /**
   * ARN of the repository.
   */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: EcrRepositoryArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("EcrRepository", name, args, ECR_REPOSITORY_ARGUMENTS);
    const region = regionOf(args.region, of);
    const { repositoryName = physicalName(name, 100), forceDelete } = args;
    checkAwsName("repositoryName", "repository", repositoryName, of);
    super("pushpool:index:EcrRepository", name, args, opts);
    const more = { imageScanningConfiguration: { scanOnPush: true }, ...(forceDelete ? { forceDelete } : {}) };
    const repository = new Repository(`${name}-repository`, { name: repositoryName, region, ...more }, partOf(this, opts));

    this.url = repository.repositoryUrl;
    this.arn = repository.arn;
    this.registerOutputs({ url: this.url, arn: this.arn });
  }
}
