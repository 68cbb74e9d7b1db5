/** By action: what gives it. The first that fits counts. */
const REMEDIES: readonly [RegExp, string][] = [
  [
    /userAssignedIdentities\/assign\/action/i,
    'it needs "Managed Identity Operator" on the identity, or a custom role with that one action',
  ],
  [/subnets\/join\/action/i, 'it needs "Network Contributor" on the subnet, or a custom role with that one action'],
  [/Microsoft\.ContainerInstance\//i, 'it needs "Azure Container Instances Contributor Role" on the resource group'],
  [
    /Microsoft\.Resources\/subscriptions\/resourceGroups\/read/i,
    'check the job variable "resource_group_name". If it is right, it needs "Reader" on the resource group, or a location in the template',
  ],
  [/Microsoft\.OperationalInsights\/|insufficient access/i, 'it needs "Log Analytics Reader" on the workspace'],
];

/** What to do about a denial, after Azure's own words: "" where they name no action that is known here. */
export function remedy(why: string): string {
  const found = REMEDIES.find(([action]) => action.test(why));
  return found ? `. To mend it: ${found[1]}` : "";
}
