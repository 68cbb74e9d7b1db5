import type { EngineEvent, Op, StepEvent } from "../engine";
import { isShown, MARKS, propertyLines } from "../engine/diffText";
import { logLine, oneLine } from "../shown";
import { colors, note, noteStyled } from "./screen";

const COLORS: Partial<Record<Op, (text: string) => string>> = {
  create: colors.green,
  update: colors.yellow,
  delete: colors.red,
  replace: colors.magenta,
};

/**
 * Shows an operation: a line for each changed resource, indented by its depth in the tree, with the changed properties. A preview is shown at its
 * end, when the whole tree is known. An update is shown line by line, as resources are done.
 */
export class PlanView {
  readonly #preview: boolean;
  readonly #parents = new Map<string, string | undefined>();
  readonly #planned: StepEvent[] = [];
  readonly #told = new Set<string>();

  constructor({ preview }: { preview: boolean }) {
    this.#preview = preview;
  }

  hear(event: EngineEvent): void {
    switch (event.kind) {
      case "pre":
        this.#parents.set(event.step.urn, event.step.parent);
        if (this.#preview && isShown(event.step)) this.#planned.push(event.step);
        // A component exists as soon as it begins. Its outputs may come much later.
        if (!this.#preview && !event.step.custom && event.step.op !== "delete") this.#tell(event.step);
        return;
      case "outputs":
        if (!this.#preview) this.#tell(event.step);
        return;
      case "failed":
        noteStyled(`${this.#indent(event.step)}${colors.red("!")} ${oneLine(`${event.step.type} ${event.step.name} failed`)}`);
        return;
      case "summary":
        for (const step of inTree(this.#planned)) this.#tell(step);
        return;
      case "diagnostic":
        // The final error message of the operation has all errors.
        if (event.severity === "info" || event.severity === "warning")
          note(`  ${event.severity}: ${logLine(event.message.trimEnd(), true)}`);
        return;
      case "stdout":
      case "stderr":
        note(`  ${logLine(event.text, true)}`);
    }
  }

  #tell(step: StepEvent): void {
    const key = `${step.op} ${step.urn}`;
    if (!isShown(step) || this.#told.has(key)) return;
    this.#told.add(key);
    const indent = this.#indent(step);
    const paint = COLORS[step.op] ?? ((text: string) => text);
    const keys = step.keys ? ` [${step.keys.join(", ")}]` : "";
    noteStyled(`${indent}${paint(MARKS[step.op])} ${oneLine(`${step.type} ${step.name}${keys}`)}`);
    for (const line of propertyLines(step)) note(`${indent}    ${line}`);
  }

  /** Two more spaces for each ancestor except the stack. */
  #indent({ parent }: StepEvent): string {
    let depth = 1;
    for (let urn = parent; urn !== undefined && this.#parents.get(urn) !== undefined; urn = this.#parents.get(urn)) depth++;
    return "  ".repeat(depth);
  }
}

/** Sort the steps so that children follow their parents. Siblings keep their order. */
function inTree(steps: readonly StepEvent[]): StepEvent[] {
  const shown = new Set(steps.map(({ urn }) => urn));
  const below = (parent: string | undefined): StepEvent[] =>
    steps
      .filter((step) => (parent === undefined ? !step.parent || !shown.has(step.parent) : step.parent === parent))
      .flatMap((step) => [step, ...below(step.urn)]);
  return below(undefined);
}
