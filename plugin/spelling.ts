import { isProviderType } from "../src/engine/urn";
import { fieldsAt, packageSchema, type TypeSpec } from "./packageSchema";

/** The names of the schema in a language, by the runtime of a project file. In all others they are as in the schema. */
const SPELLINGS: Record<string, (name: string) => string> = {
  python: (name) => name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase(),
  go: capitalized,
  dotnet: capitalized,
};

/** A name with its path, such as `queues.urgent.concurrencyLimit`. What is in quotes is a value. */
const NAMES = /(?<![\w"'`./\\$:-])([a-z]\w*)((?:\.[\w-]+|\[\d+\])*)(?![\w"'`/\\(-])/gi;
/** The suggestions for a wrong name. */
const SUGGESTED_NAMES = /(?<=did you mean [^?]*")([a-z]\w*)(?=")/gi;

/**
 * A message about the arguments of a resource, with their names as the program's language spells them.
 * @param token of the resource, such as `pushpool:index:EcsPushPool`
 * @param runtime of the program's project file; `undefined` if it is not known
 */
export function spelled(message: string, token: string, runtime: string | undefined): string {
  const spell = Object.hasOwn(SPELLINGS, runtime ?? "") ? SPELLINGS[runtime as string] : undefined;
  const { provider, resources } = packageSchema();
  const { inputProperties: own } = (isProviderType(token) ? provider : resources[token]) ?? {};
  if (!spell || !own) return message;
  const nested = fieldsBelow(own);
  return message
    .replaceAll(NAMES, (whole, first: string, path: string, at: number) => {
      const spec = own[first] ?? nested[first];
      // In the middle of a sentence, a name such as `image` is a word.
      const isName = at === 0 || path !== "" || /[A-Z]/.test(first);
      return spec && isName ? spell(first) + spelledPath(path, spec, spell) : whole;
    })
    .replaceAll(SUGGESTED_NAMES, (name) => (own[name] || nested[name] ? spell(name) : name));
}

/** The rest of a path. Keys of a map, and everything in a value of any type, are the user's own. */
function spelledPath(path: string, first: TypeSpec, spell: (name: string) => string): string {
  let spec: TypeSpec | undefined = first;
  return path.replaceAll(/\.([\w-]+)|\[\d+\]/g, (part, name?: string) => {
    if (name === undefined) {
      spec = spec?.items;
      return part;
    }
    const field: TypeSpec | undefined = fieldsOf(spec)?.[name];
    spec = field ?? spec?.additionalProperties;
    return field ? `.${spell(name)}` : part;
  });
}

function fieldsOf(spec: TypeSpec | undefined): Record<string, TypeSpec> | undefined {
  return spec?.$ref === undefined ? undefined : fieldsAt(spec.$ref);
}

/** All fields of the objects among arguments, at any depth. */
function fieldsBelow(own: Record<string, TypeSpec>): Record<string, TypeSpec> {
  const found: Record<string, TypeSpec> = {};
  const seen = new Set<string>();
  const visit = (spec: TypeSpec): void => {
    if (spec.items) visit(spec.items);
    if (spec.additionalProperties) visit(spec.additionalProperties);
    const fields = fieldsOf(spec);
    if (!fields || seen.has(spec.$ref as string)) return;
    seen.add(spec.$ref as string);
    for (const [name, field] of Object.entries(fields)) {
      found[name] ??= field;
      visit(field);
    }
  };
  for (const spec of Object.values(own)) visit(spec);
  return found;
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
