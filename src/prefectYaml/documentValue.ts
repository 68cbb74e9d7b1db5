import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";

/** Anchors can expand a small file into a huge tree ("a billion laughs"). No real deployment file has nearly this many values. */
export const MAX_VALUES = 1_000_000;
/** The deepest nesting. pydantic, with which Prefect reads the file, stops at 255. */
export const MAX_DEPTH = 200;
/** `yq` writes it before `<<`. */
export const MERGE_TAG = "tag:yaml.org,2002:merge";

/** What the reading of a document needs from its parser. */
export interface Reading {
  /** A key as a string. */
  nameOf(key: unknown): string;
  /** @param offset the position of the error in the file */
  refuse(offset: number, problem: string): Error;
  tooDeep(): Error;
  tooLarge(): Error;
}

/** The value of a node. An alias has the same one as its anchor. */
interface Read {
  value: unknown;
  /** How many values it has, if every alias is written out. */
  size: number;
  /** How deep its content is nested. */
  height: number;
  /** The content of a mapping. */
  entries?: ReadonlyMap<string, Read>;
  /** The content of a list. */
  items?: readonly Read[];
}

/**
 * Convert a parsed document to plain values as PyYAML does, in one pass, whatever its anchors are. The yaml library's own `toJS` searches the
 * document for each alias, and reads a mapping again each time it is merged.
 */
export function documentValue(root: Node | null, { nameOf, refuse, tooDeep, tooLarge }: Reading): unknown {
  /** The anchors so far. `undefined` while the anchor's own content is read. */
  const anchors = new Map<string, Read | undefined>();
  let mergedEntries = 0;

  const read = (node: Node | null, depth: number): Read => {
    if (isAlias(node)) return aliased(node);
    if (depth > MAX_DEPTH) throw tooDeep();
    const anchor = (node as YAMLMap | YAMLSeq | Scalar | null)?.anchor;
    if (anchor !== undefined) declare(anchor, node as Node);
    const found = isMap(node) ? mapping(node, depth) : isSeq(node) ? list(node, depth) : scalar(node);
    if (found.height > MAX_DEPTH) throw tooDeep();
    if (found.size > MAX_VALUES) throw tooLarge();
    if (anchor !== undefined) anchors.set(anchor, found);
    return found;
  };

  const declare = (anchor: string, node: Node) => {
    if (!/^[\w-]+$/.test(anchor)) throw refuse(offsetOf(node), `the anchor &${anchor} may have only letters, digits, - and _`);
    if (anchors.has(anchor)) throw refuse(offsetOf(node), `the anchor &${anchor} is already declared above: give this one another name`);
    anchors.set(anchor, undefined);
  };

  const aliased = (alias: Alias): Read => {
    const { source } = alias;
    const found = anchors.get(source);
    if (found) return found;
    throw refuse(
      offsetOf(alias),
      anchors.has(source) ? `the anchor &${source} contains itself` : `there is no anchor &${source} above this alias`,
    );
  };

  const scalar = (node: Node | null): Read => {
    const value = isScalar(node) ? node.value : null;
    if (node && (value === "=" || value === "<<") && isBare(node as Scalar))
      throw refuse(offsetOf(node), `${value} has a special meaning in YAML: put quotes around it, as in "${value}"`);
    return { value, size: 1, height: 0 };
  };

  const list = (node: YAMLSeq, depth: number): Read => {
    const items = node.items.map((item) => read(item as Node | null, depth + 1));
    return { value: items.map(({ value }) => value), items, ...extentOf(items) };
  };

  const mapping = (node: YAMLMap, depth: number): Read => {
    const merged = new Map<string, Read>();
    const own = new Map<string, Read>();
    for (const { key, value } of node.items as Pair<Node | null, Node | null>[]) {
      if (isMergeKey(key)) merge(read(value, depth + 1), merged, value ?? key);
      else own.set(keyOf(key), read(value, depth + 1));
    }
    const entries = merged.size === 0 ? own : new Map([...merged, ...own]);
    const value = Object.fromEntries([...entries].map(([name, inner]) => [name, inner.value]));
    return { value, entries, ...extentOf(entries.values()) };
  };

  /** Add what `<<` names. The last of several `<<` wins, but the first mapping of a list, because PyYAML reverses the list. */
  const merge = (given: Read, into: Map<string, Read>, at: Node) => {
    for (const { entries } of given.items?.toReversed() ?? [given]) {
      if (!entries) throw refuse(offsetOf(at), "<< must merge a mapping, or a list of mappings");
      mergedEntries += entries.size;
      if (mergedEntries > MAX_VALUES) throw tooLarge();
      for (const [name, value] of entries) into.set(name, value);
    }
  };

  const keyOf = (key: Node | null): string => {
    if (key === null) return nameOf(null);
    if (isScalar(key)) return nameOf(key.value);
    const meant = isAlias(key) ? aliased(key) : undefined;
    if (!meant || meant.entries || meant.items)
      throw refuse(offsetOf(key), 'a mapping or list cannot be a key: put quotes around it, as in "{{ … }}"');
    return nameOf(meant.value);
  };

  return read(root, 0).value;
}

function extentOf(content: Iterable<Read>): Pick<Read, "size" | "height"> {
  let [size, height] = [1, 1];
  for (const inner of content) {
    size += inner.size;
    height = Math.max(height, inner.height + 1);
  }
  return { size, height };
}

/** `<<` without quotes. */
function isMergeKey(key: Node | null): key is Scalar {
  return isScalar(key) && (key.tag === MERGE_TAG || (key.value === "<<" && isBare(key)));
}

/** Neither quotes nor a tag say what a scalar is. */
function isBare({ type, tag }: Scalar): boolean {
  return type === "PLAIN" && tag === undefined;
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
