import type { RunRecord } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { Follower } from "./follower";
import { LedgerList } from "./ledgerList";
import { Live } from "./live";
import type { PrefectServer } from "./prefectServer";
import type { RunList } from "./runList";
import { SharedLogs } from "./sharedLogs";
import type { ShownStack } from "./shownStack";
import type { ServerInfo } from "./wire";
import { WithServer } from "./withServer";

export interface UiParts {
  stack: ShownStack;
  version: string;
  /** The environment: where a pool is may depend on it. */
  env: NodeJS.ProcessEnv;
  /** Fires when the server ends. */
  signal: AbortSignal;
}

interface Opened {
  /** What the list contains. */
  key: string;
  list: RunList;
  server?: () => Promise<PrefectServer>;
}

/** What all routes of the page share. */
export class Ui {
  readonly stack: ShownStack;
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly follower: Follower;
  readonly logs: SharedLogs;
  readonly live: Live;
  #list: Opened | undefined;
  #pages: string | null = null;

  constructor({ stack, version, env, signal }: UiParts) {
    this.stack = stack;
    this.version = version;
    this.env = env;
    this.signal = signal;
    this.follower = new Follower(signal);
    this.logs = new SharedLogs(signal);
    this.live = new Live({ list: () => this.list(), observe: (ids) => this.observe(ids) });
  }

  /** The runs that the page lists: the Prefect server's, if the stack has one, else the ledger's. */
  async list(): Promise<RunList> {
    const loaded = await this.stack.manifest().catch(() => undefined);
    const stack = loaded?.stack ?? (await this.stack.name());
    const key = JSON.stringify([stack, loaded?.manifest.prefect?.apiUrl ?? null]);
    if (this.#list?.key !== key) this.#list = { key, ...this.#open(stack, loaded) };
    return this.#list.list;
  }

  /** The Prefect server of the stack; `undefined` if it has none. */
  async server(): Promise<ServerInfo | undefined> {
    const list = await this.list();
    const loaded = await this.stack.manifest().catch(() => undefined);
    const url = loaded?.manifest.prefect?.apiUrl;
    if (url === undefined) return undefined;
    const found = await this.#list?.server?.().catch((error: Error) => this.serverFailed(error.message));
    const uiUrl = found ? found.pages : null;
    return { url, uiUrl, ...(list.unreachable === null ? {} : { unreachable: list.unreachable }) };
  }

  /**
   * The Prefect server of a stack that has one.
   * @throws {UserError} if it does not answer
   */
  async prefect(): Promise<PrefectServer> {
    await this.list();
    if (!this.#list?.server) throw new Error("the stack has no Prefect server");
    return this.#list.server();
  }

  /** The server did not answer: the page says so. */
  serverFailed(message: string): void {
    if (this.#list?.list instanceof WithServer) this.#list.list.failed(message);
  }

  /** An address on Prefect's own pages, once they are known. @param path such as `/runs/flow-run/ID` */
  prefectUrl(path: string): string | undefined {
    return this.#pages === null ? undefined : `${this.#pages}${path}`;
  }

  #open(stack: string | undefined, loaded: LoadedManifest | undefined): Omit<Opened, "key"> {
    const { ledger } = this.stack;
    const prefectUrl = (id: string) => this.prefectUrl(`/runs/flow-run/${id}`);
    const own = new LedgerList({ ledger, stack, prefectUrl });
    if (loaded?.manifest.prefect === undefined) return { list: own };
    let opened: Promise<PrefectServer> | undefined;
    const server = () => {
      opened ??= this.#connect(loaded);
      opened.catch(() => {
        // It may answer the next time.
        opened = undefined;
      });
      return opened;
    };
    let list: Promise<RunList> | undefined;
    const ofServer = async () => {
      const { client } = await server();
      const { ServerList } = await import("./serverList.js");
      list ??= Promise.resolve(new ServerList({ client, ledger, stack: loaded.stack, prefectUrl }));
      return list;
    };
    return { list: new WithServer(ofServer, own), server };
  }

  async #connect(loaded: LoadedManifest): Promise<PrefectServer> {
    const { openPrefectServer } = await import("./prefectServer.js");
    const server = await openPrefectServer(loaded, this.env);
    this.#pages = server.pages;
    return server;
  }

  /** Look at the infrastructure of the ledger's runs that this process does not follow, and record what it shows. */
  async observe(ids: readonly string[]): Promise<void> {
    const records = await Promise.all(ids.filter((id) => !this.follower.has(id)).map((id) => this.stack.ledger.read(id)));
    const seen = records.filter((record): record is RunRecord => record?.run.infrastructureId !== undefined);
    if (seen.length > 0) await (await this.stack.runs()).observeRuns(seen.map(({ run }) => run));
  }
}
