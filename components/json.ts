/** JSON whose leaves may be outputs, secret ones too. In Pulumi's schema: Any. */
// biome-ignore lint/suspicious/noExplicitAny: the one type that Pulumi's analyzer takes for free-form JSON (`pulumi.json#/Any`)
export type AnyJson = any;
