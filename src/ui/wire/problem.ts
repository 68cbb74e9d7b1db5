export interface Problem {
  /** One message that names the field and the fix. */
  message: string;
  /** Which fields of the body are wrong; `message` covers all of them. */
  fields?: FieldProblem[];
  /** With which the same command would end: 2 for a mistake in the request, 5 if a cloud, a server or the ledger does not answer, … */
  exitCode: number;
}

export interface FieldProblem {
  /** RFC 6901 pointer into the body, such as `/parameters/name`. */
  path: string;
  message: string;
}
