import type * as pulumi from "@pulumi/pulumi";
import type { ArgumentNames } from "../checks";
import type { Permissions } from "../submitting";

/** Arguments of every component that allows somebody to submit runs to Container Instances: the runs, and the permissions for them. */
export interface ContainerSubmitArgs {
  /**
   * Name of the resource group in which runs run.
   * @example resourceGroupName: group.resourceGroupName
   */
  resourceGroupName: pulumi.Input<string>;
  /**
   * Ids of the user-assigned identities that runs have. Those who submit may give a run only these. By default none.
   * @example identityIds: [pull.identityId]
   */
  identityIds?: pulumi.Input<string>[];
  /**
   * Id of the subnet that runs are in. By default none.
   * @example subnetId: network.subnetId
   */
  subnetId?: pulumi.Input<string>;
  /**
   * Id of the Log Analytics workspace that runs write to. By default none.
   * @example workspaceId: logs.workspaceId
   */
  workspaceId?: pulumi.Input<string>;
  /**
   * The permissions of those who submit. By default documented: Azure Container Instances Contributor on the resource group, and a built-in
   * role of Azure on each identity, subnet and workspace of the runs.
   * @example permissions: Permissions.LeastPrivilege
   */
  permissions?: Permissions;
  /**
   * Subscription of the runs. By default the provider's (`azure-native:subscriptionId`).
   * @example subscriptionId: "9d3c1f0a-5b7e-4c2d-8e6f-0a1b2c3d4e5f"
   */
  subscriptionId?: pulumi.Input<string>;
}

/** The names for `declared`. */
export const CONTAINER_SUBMIT_ARGUMENTS: ArgumentNames<ContainerSubmitArgs> = {
  resourceGroupName: "required",
  identityIds: "optional",
  subnetId: "optional",
  workspaceId: "optional",
  permissions: "optional",
  subscriptionId: "optional",
};

/** Arguments of every service principal that submits runs. */
export interface SubmittingPrincipalArgs extends ContainerSubmitArgs {
  /**
   * Display name of the application. By default generated from the component's name. It excludes clientId.
   * @example displayName: "Submits the runs of etl"
   */
  displayName?: string;
  /**
   * Client id of an existing application with a service principal. By default a new one.
   * @example clientId: "0c8e7d6f-2a1b-4f3e-9d5c-6b7a8f9e0d1c"
   */
  clientId?: pulumi.Input<string>;
}

/** The names for `declared`. */
export const SUBMITTING_PRINCIPAL_ARGUMENTS: ArgumentNames<SubmittingPrincipalArgs> = {
  ...CONTAINER_SUBMIT_ARGUMENTS,
  displayName: "optional",
  clientId: "optional",
};
