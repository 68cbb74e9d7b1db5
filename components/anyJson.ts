/** JSON whose leaves may be outputs, also secret ones. Its type in Pulumi's schema is Any. */
// biome-ignore lint/suspicious/noExplicitAny: the one type that Pulumi's analyzer takes for free-form JSON (`pulumi.json#/Any`)
export type AnyJson = any;
