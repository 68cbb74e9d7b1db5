/** JSON whose leaves may be outputs, secret ones too. Pulumi's schema has it as Any. */
// biome-ignore lint/suspicious/noExplicitAny: the one type that Pulumi's analyzer takes for free-form JSON (`pulumi.json#/Any`)
export type AnyJson = any;

/** What a pool component gives to `manifest()`: a plain object with outputs in it, so that of it only what is secret becomes secret. */
export interface PoolDefinition {
  /** Work pool name. */
  name: string;
  /** Everything else, as the manifest has it (`pools.<name>`). */
  pool: Record<string, AnyJson>;
  /** Blocks that the pool refers to, by `<block type slug>/<block document name>`. */
  blocks: Record<string, AnyJson>;
}
