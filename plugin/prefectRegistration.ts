import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../components/anyJson";
import { type ArgumentNames, type Declared, declared, refuse } from "../components/checks";
import type { DeploymentDefinition, PrefectDefinition, PushPoolDefinition } from "../components/definitions";
import { type Registered, type Registration, registerOn } from "../components/prefect/register";
import { blocksRead, definitionsRead, laterOf } from "./definitionLists";
import { asDefinition } from "./definitionText";
import { explicitPrefect } from "./explicitPrefect";
import { partsOf } from "./pulumiSdk";

/** Arguments of a `PrefectRegistration`. */
export interface PrefectRegistrationArgs {
  /** The work pools: the definition of each pool component. Their blocks are registered too. */
  pools: pulumi.Input<pulumi.Input<PushPoolDefinition>[]>;
  /** The deployments: the definition of each. By default none; `pushpool deploy` can add others from a prefect.yaml. */
  deployments?: pulumi.Input<pulumi.Input<DeploymentDefinition>[]>;
  /**
   * Other blocks by `<block type slug>/<block document name>`, such as those that the credentials of a pool name. Any value in them may be
   * secret. By default none.
   */
  blocks?: Record<string, AnyJson>;
  /**
   * Whether to take over existing objects with these names, instead of an error. Then they belong to this stack, and are deleted with it. By
   * default an existing object is an error.
   */
  adoptExisting?: boolean;
}

const PREFECT_REGISTRATION_ARGUMENTS: ArgumentNames<PrefectRegistrationArgs> = {
  pools: "required",
  deployments: "optional",
  blocks: "optional",
  adoptExisting: "optional",
};

/**
 * Pools with their blocks, and deployments, on a Prefect API: Prefect Cloud or your own server. It registers everything that Prefect knows
 * about a pool. It is `prefect.register()` for programs in other languages than TypeScript.
 *
 * The API is that of the package's provider, given as `provider`. Without one, it is the Prefect API of the environment of `pulumi up`.
 * Give the `definition` to a `Manifest` as its `registration`: runs then go through this Prefect API.
 */
export class PrefectRegistration extends pulumi.ComponentResource {
  /** The argument `registration` of a `Manifest`. */
  readonly definition: pulumi.Output<PrefectDefinition>;
  /** Ids of the work pools on the server, by name. */
  readonly workPoolIds: pulumi.Output<Record<string, string>>;
  /** Ids of the block documents there, by `<block type slug>/<block document name>`. */
  readonly blockIds: pulumi.Output<Record<string, string>>;
  /** Ids of the deployments there, by `<flow name>/<deployment name>`. */
  readonly deploymentIds: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: PrefectRegistrationArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("PrefectRegistration", name, args, PREFECT_REGISTRATION_ARGUMENTS);
    super("pushpool:index:PrefectRegistration", name, {}, opts);
    const registration = this.#register(args, of);
    const idsOf = <Resource>(resources: (made: Registration) => Record<string, Resource>, id: (one: Resource) => pulumi.Output<string>) =>
      pulumi.output(
        registration.then((made) => Object.fromEntries(Object.entries(resources(made)).map(([key, one]) => [key, id(one)]))),
      ) as pulumi.Output<Record<string, string>>;
    this.definition = asDefinition(registration.then(({ definition }) => definition)) as unknown as pulumi.Output<PrefectDefinition>;
    this.workPoolIds = idsOf(
      ({ workPools }) => workPools,
      ({ workPoolId }) => workPoolId,
    );
    this.blockIds = idsOf(
      ({ blocks }) => blocks,
      ({ blockDocumentId }) => blockDocumentId,
    );
    this.deploymentIds = idsOf(
      ({ deployments }) => deployments,
      ({ deploymentId }) => deploymentId,
    );
    const { workPoolIds, blockIds, deploymentIds } = this;
    this.registerOutputs({ workPoolIds, blockIds, deploymentIds });
  }

  /** Declare the resources. A definition is a JSON string, whose structure is known in previews too. */
  async #register({ pools, deployments, blocks = {}, adoptExisting }: PrefectRegistrationArgs, of: Declared): Promise<Registration> {
    const given = await partsOf(pulumi.output({ pools, deployments, later: laterOf(blocks) }));
    if (!given.isKnown)
      refuse("pools, deployments and blocks must be known while the program runs: give the definitions of components", of);
    const known = given.value as Record<"pools" | "deployments" | "later", AnyJson>;
    const parts: Registered = {
      pools: definitionsRead(known.pools, "pools", "etl.definition") as unknown as Registered["pools"],
      deployments: definitionsRead(known.deployments, "deployments", "hello.definition") as unknown as NonNullable<
        Registered["deployments"]
      >,
      blocks: blocksRead({ ...blocks, ...known.later }),
      ...(adoptExisting === undefined ? {} : { adoptExisting }),
    };
    // The JSON strings do not say which value comes from which resource, so everything waits for all of these.
    return registerOn(
      explicitPrefect(),
      parts,
      { parent: this, dependsOn: given.resources as pulumi.Resource[] },
      `PrefectRegistration ${of.name}`,
    );
  }
}
