/** What the head of the page shows. */
export interface StackInfo {
  /** `<project>/<stack>`; null: no stack, all runs of the ledger are shown. */
  stack: string | null;
  /** Version of pushpool. */
  version: string;
  /** Where the runs are stored: a path or an address without credentials. */
  ledger: string;
  /** The Prefect API of the stack's manifest. */
  server?: ServerInfo;
  /** Why nothing can be created, cancelled or retried here, such as a manifest that cannot be read; absent: it can. */
  readOnly?: string;
}

export interface ServerInfo {
  /** Address of its API, without credentials. */
  url: string;
  /** Address of Prefect's own pages; null if the server names none. */
  uiUrl: string | null;
  /** Why the server does not answer; its runs are then as the ledger last saw them. Absent: it answers. */
  unreachable?: string;
}
