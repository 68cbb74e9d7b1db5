import { AGAIN, type Remedy } from "../cloud/remedy";

/** A role with an action. */
interface Role extends Remedy {
  /** The role of Azure's own that has it, and on what. */
  role: string;
  /** What to check before that: a sentence. */
  first?: string;
}

/** For the actions that this target's calls need. The first match counts. */
const ROLES: readonly Role[] = [
  {
    has: /userAssignedIdentities\/assign\/action/i,
    role: '"Managed Identity Operator" on the identity',
    gives: "ContainerInstancePushPool grants it for the identities of its runs",
  },
  {
    has: /subnets\/join\/action/i,
    role: '"Network Contributor" on the subnet',
    gives: "ContainerInstancePushPool grants it for the subnet of its runs",
  },
  {
    has: /^Microsoft\.Resources\/subscriptions\/resourceGroups\/read/i,
    first: 'check the job variable "resource_group_name". If it is right, ',
    role: '"Reader" on the resource group, or a location in the template',
    gives: "ContainerInstancePushPool grants it",
  },
  {
    has: /^Microsoft\.ContainerInstance\//i,
    role: '"Azure Container Instances Contributor Role" on the resource group',
    gives: "ContainerInstancePushPool grants it",
  },
  {
    has: /^Microsoft\.OperationalInsights\//i,
    role: '"Log Analytics Reader" on the workspace',
    gives: "ContainerInstancePushPool grants it for the workspace of its runs",
  },
];

/** The action that a denial of Azure is about: of a linked resource, if it is about one. Log Analytics names none. */
function actionIn(why: string): string | undefined {
  if (/insufficient access/i.test(why)) return "Microsoft.OperationalInsights/workspaces/query/read";
  const [, action] = /perform action\(s\) '([^']+)'/i.exec(why) ?? /perform action '([^']+)'/i.exec(why) ?? [];
  return action ?? /Microsoft\.\w+\/[\w/]+/i.exec(why)?.[0];
}

/**
 * What to do about a call that was denied.
 * @param why as Azure has it
 * @param ownLogin whether it was the caller's own login that was denied; absent: it is not known
 * @returns "" if it names no known action
 */
export function remedy(why: string, ownLogin?: boolean): string {
  const action = actionIn(why);
  const found = action === undefined ? undefined : ROLES.find(({ has }) => has.test(action));
  if (!found) return "";
  const need = `. To mend it: ${found.first ?? ""}it needs ${found.role}`;
  if (ownLogin === undefined) return need;
  const gives = `${need}, or a role of your own with that action. ${found.gives}`;
  return ownLogin ? `${gives}, to everyone in submitters` : `${gives}; ${AGAIN}`;
}
