import { randomBytes, randomUUID } from "node:crypto";
import type { Group, Instance } from "./groups";

/** A Log Analytics workspace. */
export interface LogWorkspace {
  id: string;
  name: string;
  location: string;
  /** What queries and container groups name it by. */
  customerId: string;
  sharedKeys: { primary: string; secondary: string };
  tags?: Record<string, string>;
  /** @default 30 */
  retentionInDays?: number;
}

/** A row of a table, when it was written and when it can be read. */
export interface Row {
  table: string;
  readableAt: number;
  values: Record<string, string>;
}

/** Log Analytics: its workspaces, and what containers have written there. */
export class Workspaces {
  /** By resource id, in lower case. */
  readonly all = new Map<string, LogWorkspace>();
  /** By customer id. */
  readonly rows = new Map<string, Row[]>();
  readonly #delay: number;

  /** @param delay until a row can be read, in milliseconds */
  constructor(delay: number) {
    this.#delay = delay;
  }

  add(id: string, location: string): LogWorkspace {
    const key = () => randomBytes(64).toString("base64");
    const workspace = {
      id,
      name: id.slice(id.lastIndexOf("/") + 1),
      location,
      customerId: randomUUID(),
      sharedKeys: { primary: key(), secondary: key() },
    };
    this.all.set(id.toLowerCase(), workspace);
    return workspace;
  }

  withCustomerId(customerId: string): LogWorkspace | undefined {
    return [...this.all.values()].find((workspace) => workspace.customerId === customerId);
  }

  /** A line of a container whose group sends its output to a workspace. With a wrong key it is lost, and nothing reports that. */
  ingest(group: Group, { spec }: Instance, text: string): void {
    const target = group.spec.properties.diagnostics?.logAnalytics;
    const workspace = target && this.withCustomerId(target.workspaceId);
    if (!workspace || !Object.values(workspace.sharedKeys).includes(target.workspaceKey)) return;
    const rows = this.rows.get(workspace.customerId) ?? [];
    this.rows.set(workspace.customerId, rows);
    const taken = Date.now() + this.#delay;
    rows.push({
      table: "ContainerInstanceLog_CL",
      readableAt: taken,
      values: {
        TenantId: workspace.customerId,
        SourceSystem: "RestAPI",
        // Not the line's own time.
        TimeGenerated: new Date(taken).toISOString(),
        ContainerGroup_s: group.name,
        ContainerID_s: randomBytes(32).toString("hex"),
        ContainerImage_s: spec.properties.image,
        ContainerName_s: spec.name,
        ContainerGroupInstanceId_g: randomUUID(),
        Location_s: group.spec.location,
        OSType_s: group.spec.properties.osType,
        ResourceGroup: group.resourceGroup,
        SubscriptionId: group.subscription,
        Source_s: "",
        LogType_s: "",
        Message: text,
        Type: "ContainerInstanceLog_CL",
      },
    });
  }
}
