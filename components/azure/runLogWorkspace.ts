import { getSharedKeysOutput } from "@pulumi/azure-native/operationalinsights/getSharedKeys";
import { getWorkspaceOutput } from "@pulumi/azure-native/operationalinsights/getWorkspace";
import { Workspace } from "@pulumi/azure-native/operationalinsights/workspace";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { checkAzureName, checkRetention, locationOf } from "./azureChecks";
import { named, placeIn } from "./resourceIds";

/** Arguments of a `RunLogWorkspace`. */
export interface RunLogWorkspaceArgs {
  /**
   * Name of the resource group that it is in.
   * @example resourceGroupName: group.resourceGroupName
   */
  resourceGroupName: pulumi.Input<string>;
  /**
   * Name of the workspace. By default generated from the component's name.
   * @example workspaceName: "etl-logs"
   */
  workspaceName?: string;
  /**
   * For how many days lines are kept, from 30 to 730. By default 30. Log Analytics charges for the data that runs write, and for data that
   * it keeps for longer than 31 days.
   * @example retentionDays: 90
   */
  retentionDays?: number;
  /**
   * Where it is. By default the provider's location (`azure-native:location`).
   * @example location: "westeurope"
   */
  location?: pulumi.Input<string>;
}

const RUN_LOG_WORKSPACE_ARGUMENTS: ArgumentNames<RunLogWorkspaceArgs> = {
  resourceGroupName: "required",
  workspaceName: "optional",
  retentionDays: "optional",
  location: "optional",
};

/**
 * A Log Analytics workspace that keeps what runs write. Azure itself keeps the last 4 MB of a run, and deletes them with the run.
 *
 * ```ts
 * const logs = new RunLogWorkspace("etl-logs", { resourceGroupName: group.resourceGroupName, retentionDays: 90 });
 * ```
 */
export class RunLogWorkspace extends pulumi.ComponentResource {
  /**
   * Id of the workspace.
   */
  readonly workspaceId: pulumi.Output<string>;
  /**
   * Its GUID, by which container groups and queries name it.
   */
  readonly customerId: pulumi.Output<string>;
  /**
   * The key with which a container group writes to it. Secret.
   */
  readonly workspaceKey: pulumi.Output<string>;

  constructor(name: string, args: RunLogWorkspaceArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("RunLogWorkspace", name, args, RUN_LOG_WORKSPACE_ARGUMENTS);
    const location = locationOf(args.location, of);
    checkAzureName("resourceGroupName", "resourceGroup", args.resourceGroupName, of);
    checkAzureName("workspaceName", "workspace", args.workspaceName, of);
    checkRetention("retentionDays", args.retentionDays, of);
    super("pushpool:index:RunLogWorkspace", name, args, opts);
    const made = logWorkspace(name, { ...args, location }, partOf(this, opts));

    this.workspaceId = made.workspaceId;
    this.customerId = made.customerId;
    this.workspaceKey = made.workspaceKey;
    this.registerOutputs({ workspaceId: this.workspaceId, customerId: this.customerId, workspaceKey: this.workspaceKey });
  }
}

/** What container groups and their readers need to know of a workspace. */
export type KnownWorkspace = Pick<RunLogWorkspace, "workspaceId" | "customerId" | "workspaceKey">;

/** The workspace of {@link RunLogWorkspace}, for a pool that makes it without the component. */
export function logWorkspace(
  name: string,
  args: RunLogWorkspaceArgs & { location: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): KnownWorkspace {
  const { resourceGroupName, workspaceName = physicalName(name, 60), retentionDays: retentionInDays = 30, location } = args;
  const workspace = new Workspace(
    `${name}-workspace`,
    { resourceGroupName, workspaceName, location, retentionInDays, sku: { name: "PerGB2018" } },
    named(options),
  );
  return { workspaceId: workspace.id, customerId: workspace.customerId, workspaceKey: keyOf(resourceGroupName, workspace.name, options) };
}

/** A workspace that exists already. */
export function knownWorkspace(workspaceId: pulumi.Input<string>, options: pulumi.CustomResourceOptions): KnownWorkspace {
  const { resourceGroupName, name } = placeIn(workspaceId);
  const { customerId } = getWorkspaceOutput({ resourceGroupName, workspaceName: name }, asked(options));
  return { workspaceId: pulumi.output(workspaceId), customerId, workspaceKey: keyOf(resourceGroupName, name, options) };
}

function keyOf(
  resourceGroupName: pulumi.Input<string>,
  workspaceName: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const keys = getSharedKeysOutput({ resourceGroupName, workspaceName }, asked(options));
  return pulumi.secret(keys.apply(({ primarySharedKey = "" }) => primarySharedKey));
}

function asked({ parent }: pulumi.CustomResourceOptions): pulumi.InvokeOutputOptions {
  return parent ? { parent } : {};
}
