import type { Ledger } from "../ledger";
import { type LoadedManifest, maskManifest } from "../manifest";
import type { Runs, RunsParts } from "../runs";
import { UserError } from "../userError";

/** How old the manifest may be when something is created from it, in milliseconds. Reading it may take a Pulumi command. */
const MANIFEST_AGE = 5_000;

export interface StackParts {
  parts: RunsParts;
  /** Opens the runs over these parts. */
  openRuns: (parts: RunsParts) => Runs;
  /** Where the ledger is, for people. */
  ledgerPlace: string;
}

/** The stack of the page: its ledger, its manifest as it is now, and its runs. */
export class ShownStack {
  readonly ledger: Ledger;
  readonly ledgerPlace: string;
  readonly #opened: Runs[] = [];
  #loaded: Promise<LoadedManifest> | undefined;
  #readAt = 0;
  #known: { shape: string; runs: Runs } | undefined;

  constructor(private readonly options: StackParts) {
    this.ledger = options.parts.ledger;
    this.ledgerPlace = options.ledgerPlace;
  }

  /** `<project>/<stack>`; `undefined` if no stack is chosen and no manifest names one. */
  async name(): Promise<string | undefined> {
    return this.options.parts.stack ?? (await this.manifest().catch(() => undefined))?.stack;
  }

  /**
   * The manifest, at most some seconds old. Its secrets are wrapped.
   * @throws {UserError} if there is none
   */
  async manifest(): Promise<LoadedManifest> {
    if (this.#loaded && Date.now() - this.#readAt < MANIFEST_AGE) return this.#loaded;
    const before = this.#loaded;
    this.#readAt = Date.now();
    const { readManifest } = this.options.parts;
    const now = before ? before.then(readManifest, () => readManifest()) : readManifest();
    this.#loaded = now;
    now.catch(() => {
      // The next one may succeed.
      if (this.#loaded === now) this.#readAt = 0;
    });
    return now;
  }

  /**
   * The runs, by the manifest as it is now: a deployment that was changed a minute ago runs as it is now. Without a manifest, they can be
   * read.
   */
  async runs(): Promise<Runs> {
    const loaded = await this.manifest().catch((error: unknown) => {
      if (error instanceof UserError) return undefined;
      throw error;
    });
    const shape = loaded === undefined ? "" : JSON.stringify([loaded.stack, maskManifest(loaded.manifest)]);
    if (this.#known?.shape === shape) return this.#known.runs;
    const runs = this.options.openRuns({
      ...this.options.parts,
      ...(loaded === undefined
        ? {}
        : { stack: loaded.stack, readManifest: (stale) => (stale ? this.manifest() : Promise.resolve(loaded)) }),
    });
    this.#opened.push(runs);
    this.#known = { shape, runs };
    return runs;
  }

  async close(): Promise<void> {
    for (const runs of this.#opened) await runs.close();
    this.ledger.close();
  }
}
