import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { NO_PROBLEMS, type Problems } from "./problems";

/** What the fields of one form share. */
export interface FormState {
  /** From the last check. */
  problems: Problems;
  /** A text that is not a value yet, such as half-typed JSON: why, or undefined once it is one. The form cannot be sent with it. */
  setDraft(pointer: string, problem: string | undefined): void;
}

export const FormContext = createContext<FormState>({ problems: NO_PROBLEMS, setDraft: () => {} });

export function useFormState(): FormState {
  return useContext(FormContext);
}
