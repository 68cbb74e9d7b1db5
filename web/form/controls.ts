import type { Field } from "./fields";

/** What every control gets. */
export interface ControlProps<Kind extends Field["kind"] = Field["kind"]> {
  field: Extract<Field, { kind: Kind }>;
  /** The given value, or else the default; undefined: neither. */
  value: unknown;
  /** JSON pointer into the request. */
  pointer: string;
  /** undefined: no value. */
  onChange(value: unknown): void;
  /** For its element: the name of its label, and what is said about it. */
  attributes: ControlAttributes;
}

export interface ControlAttributes {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean;
  "aria-required": boolean;
}

/** The id of a field's element. */
export function idOf(pointer: string): string {
  return `field${pointer}`;
}

/** Kinds of which the control is several elements: their label is a legend. */
export function isGroup({ kind }: Field): boolean {
  return kind === "object" || kind === "list" || kind === "tuple" || kind === "boolean" || kind === "union";
}
