import { BooleanControl } from "./BooleanControl";
import { ChoiceControl } from "./ChoiceControl";
import type { ControlProps } from "./controls";
import { JsonControl } from "./JsonControl";
import { ListControl } from "./ListControl";
import { NumberControl } from "./NumberControl";
import { ObjectControl } from "./ObjectControl";
import { TextControl } from "./TextControl";
import { TupleControl } from "./TupleControl";
import { UnionControl } from "./UnionControl";

/** The control for a kind of field. */
export function Control({ field, ...rest }: ControlProps) {
  switch (field.kind) {
    case "text":
      return <TextControl field={field} {...rest} />;
    case "number":
      return <NumberControl field={field} {...rest} />;
    case "boolean":
      return <BooleanControl field={field} {...rest} />;
    case "choice":
      return <ChoiceControl field={field} {...rest} />;
    case "object":
      return <ObjectControl field={field} {...rest} />;
    case "list":
      return <ListControl field={field} {...rest} />;
    case "tuple":
      return <TupleControl field={field} {...rest} />;
    case "union":
      return <UnionControl field={field} {...rest} />;
    case "json":
      return <JsonControl field={field} {...rest} />;
  }
}
