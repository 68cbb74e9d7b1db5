/** An action, the resource on which it is allowed, and which part of submitting runs needs it. */
export interface NeededAction {
  action: string;
  /** The resource group of runs, or what runs have: their identities, their subnet, the workspace of their log. */
  on: "resourceGroup" | "identity" | "subnet" | "workspace";
  reason: string;
}

/** What the runs of a pool have besides their resource group. */
export interface RunParts {
  /** Whether runs have a user-assigned identity, such as one that pulls images. */
  identities: boolean;
  /** Whether runs are in a subnet. */
  subnet: boolean;
  /** Whether runs write to a Log Analytics workspace. */
  workspace: boolean;
}

const GROUPS = "Microsoft.ContainerInstance/containerGroups";
const DEPLOYMENTS = "Microsoft.Resources/deployments";

/**
 * What submitting, following, stopping and tidying up runs takes, and no more. It does not include running commands in a container (exec and
 * attach), which Azure Container Instances Contributor allows.
 *
 * Azure takes no condition on a container group's name or tags, so these hold for the whole resource group. Stacks that must not reach each
 * other's runs need a resource group each, which a pool makes by default.
 */
export function leastPrivilege({ identities, subnet, workspace }: RunParts): NeededAction[] {
  const needed: NeededAction[] = [
    { action: `${GROUPS}/write`, on: "resourceGroup", reason: "a run is a container group" },
    {
      action: `${GROUPS}/read`,
      on: "resourceGroup",
      reason: "runs are followed, one whose start is in doubt is looked for, and all of them before the stack goes",
    },
    { action: `${GROUPS}/delete`, on: "resourceGroup", reason: "a container group goes when its run has ended" },
    { action: `${GROUPS}/stop/action`, on: "resourceGroup", reason: "a run can be cancelled, and ends at its time limit" },
    { action: `${GROUPS}/containers/logs/read`, on: "resourceGroup", reason: "the run's log lines are shown, live and later" },
    {
      action: "Microsoft.Resources/subscriptions/resourceGroups/read",
      on: "resourceGroup",
      reason: "a container group is made where its resource group is",
    },
    { action: `${DEPLOYMENTS}/write`, on: "resourceGroup", reason: "Prefect's own dispatcher sends a run as a deployment of its template" },
    { action: `${DEPLOYMENTS}/read`, on: "resourceGroup", reason: "Prefect's own dispatcher waits for its deployment" },
    {
      action: `${DEPLOYMENTS}/operationstatuses/read`,
      on: "resourceGroup",
      reason: "Prefect's own dispatcher waits for its deployment",
    },
  ];
  if (identities)
    needed.push({
      action: "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
      on: "identity",
      reason: "runs have the pool's own identities, and no others",
    });
  if (subnet)
    needed.push({
      action: "Microsoft.Network/virtualNetworks/subnets/join/action",
      on: "subnet",
      reason: "runs are in the pool's own subnet, and in no other",
    });
  if (workspace)
    needed.push(
      {
        action: "Microsoft.OperationalInsights/workspaces/read",
        on: "workspace",
        reason: "Log Analytics looks for the workspace before it answers a query",
      },
      {
        action: "Microsoft.OperationalInsights/workspaces/query/read",
        on: "workspace",
        reason: "lines that Azure keeps no more are read from the workspace",
      },
      {
        action: "Microsoft.OperationalInsights/workspaces/query/ContainerInstanceLog_CL/read",
        on: "workspace",
        reason: "that is the table that Azure writes a run's lines to",
      },
    );
  return needed;
}
