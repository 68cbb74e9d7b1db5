import type { Redactor } from "../redactor";
import { UserError } from "../userError";
import type { EngineEvent, EngineResult } from "./engineEvents";
import type { InlineProgram } from "./inlineProgram";
import type { Selection } from "./plan/targets";
import type { Intercept } from "./providers/providerHost";

/** The default for how many operations may run at the same time: Pulumi's own default on this kind of machine. */
export const PARALLEL = 16;

export interface EngineOptions {
  /** The folder of Pulumi.yaml. */
  projectDir: string;
  stack: string;
  /** A function of this process that replaces the folder's program, and the name of its project. */
  inline?: { program: InlineProgram; project: string };
  /** The `.pushpool` folder, which contains the state. */
  home: string;
  /** The folder of keys and caches. */
  stateHome: string;
  /** The folder for the compile cache of programs and providers. @default `NODE_COMPILE_CACHE` of `env`, or else below `stateHome` */
  compileCache?: string;
  env: NodeJS.ProcessEnv;
  /** Configuration that overrides the files; structured values as JSON. A key without a namespace belongs to the project. */
  config?: Record<string, string>;
  /** Running providers: package to port. Others are started, as Pulumi does. */
  providers?: Record<string, number>;
  /** How many operations may run at the same time. @default 16 */
  parallel?: number;
  /** `up`, `preview`, `destroy`: first update the state to match the real resources. @default false */
  refresh?: boolean;
  /** `up`, `preview`: URNs of resources to replace even if nothing differs. */
  replace?: readonly string[];
  /** The resources that the operation works on. @default all */
  selection?: Selection;
  /** `destroy`, `refresh`: only show what would be done. @default false */
  preview?: boolean;
  /** Continue with resources that do not depend on a failed one. @default false */
  continueOnError?: boolean;
  onEvent?: (event: EngineEvent) => void;
  /** Learns the secrets of the operation, and masks them in events and errors. @default a redactor of this operation */
  redactor?: Redactor;
  /** Sees, delays or fails the calls to providers, which hold secrets in plain text. For tests. */
  intercept?: Intercept;
  /** Interrupts the operation: no more steps start, running steps finish, and the state is consistent. */
  signal?: AbortSignal;
}

/** An operation failed. All changes so far are in the state, and in `result`. */
export class OperationFailed extends UserError {
  constructor(
    message: string,
    readonly result: EngineResult,
    exitCode: 2 | 5 = 2,
  ) {
    super(message, exitCode);
  }
}
