import type { RunRecord } from "../ledger";
import { Follower } from "./follower";
import { LedgerList } from "./ledgerList";
import { Live } from "./live";
import { Logs } from "./logs";
import type { RunList } from "./runList";
import type { Stack } from "./stack";

export interface UiParts {
  stack: Stack;
  version: string;
  /** The environment: where a pool is may depend on it. */
  env: NodeJS.ProcessEnv;
  /** Fires when the server ends. */
  signal: AbortSignal;
}

/** What all routes of the page share. */
export class Ui {
  readonly stack: Stack;
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly follower: Follower;
  readonly logs: Logs;
  readonly live: Live;
  #list: { stack: string | undefined; list: LedgerList } | undefined;

  constructor({ stack, version, env, signal }: UiParts) {
    this.stack = stack;
    this.version = version;
    this.env = env;
    this.signal = signal;
    this.follower = new Follower(signal);
    this.logs = new Logs(signal);
    this.live = new Live({ list: () => this.list(), observe: (ids) => this.observe(ids) });
  }

  /** The runs that the page lists. */
  async list(): Promise<RunList> {
    const stack = await this.stack.name();
    if (this.#list?.stack !== stack || !this.#list) {
      const prefectUrl = (id: string) => this.prefectUrl(`/runs/flow-run/${id}`);
      this.#list = { stack, list: new LedgerList({ ledger: this.stack.ledger, stack, prefectUrl }) };
    }
    return this.#list.list;
  }

  /** The server did not answer: the page says so. */
  serverFailed(_message: string): void {}

  /** An address on Prefect's own pages, if the stack has a Prefect server and its pages are known. */
  prefectUrl(_path: string): string | undefined {
    return undefined;
  }

  /** Look at the infrastructure of the ledger's runs that this process does not follow, and record what it shows. */
  async observe(ids: readonly string[]): Promise<void> {
    const records = await Promise.all(ids.filter((id) => !this.follower.has(id)).map((id) => this.stack.ledger.read(id)));
    const seen = records.filter((record): record is RunRecord => record?.run.infrastructureId !== undefined);
    if (seen.length > 0) await (await this.stack.runs()).observeRuns(seen.map(({ run }) => run));
  }
}
