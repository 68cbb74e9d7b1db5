import type { dynamic } from "@pulumi/pulumi";

/**
 * The text of a dynamic resource's methods, as Pulumi's SDK stores it in the state. The SDK loads the TypeScript compiler to make it, which
 * takes more than twice as long as all of its other modules. The methods in `trampoline.ts` use nothing from around them, so their own
 * sources are enough.
 */
export function storedMethods(provider: dynamic.ResourceProvider): string {
  const methods: [string, (...args: never[]) => unknown][] = Object.entries(provider);
  const list = methods.map(([name], index) => `${name}: __f${index + 1}`).join(", ");
  const functions = methods.map(([, method], index) => {
    const parameters = Array.from({ length: method.length }, (_, n) => `__${n}`).join(", ");
    return functionText(`__f${index + 1}(${parameters})`, "", String(method));
  });
  const handler = functionText("__f0()", "provider: __provider, ", "() => provider");
  return `exports.handler = __f0;\n\nvar __provider = {${list}};\n\n${[...functions, handler].join("\n")}`;
}

function functionText(head: string, captured: string, source: string): string {
  return `function ${head} {
  return (function() {
    with({ ${captured}this: undefined, arguments: undefined }) {

return ${source};

    }
  }).apply(undefined, undefined).apply(this, arguments);
}
`;
}
