import type { Redactor } from "../redactor";
import { UserError } from "../userError";
import type { EngineEvent, EngineResult } from "./events";
import type { InlineProgram } from "./inlineProgram";
import type { Intercept } from "./providers/host";

/** How many operations may be under way at a time, by default: what Pulumi takes on this kind of machine. */
export const PARALLEL = 16;

export interface EngineOptions {
  /** Folder of the Pulumi.yaml. */
  projectDir: string;
  stack: string;
  /** A program of this process in place of the folder's, and the name of its project. */
  inline?: { program: InlineProgram; project: string };
  /** The `.pushpool` folder; the state lies in it. */
  home: string;
  /** Where keys and caches lie. */
  stateHome: string;
  /** Where the compiled code of programs and providers is kept between runs. @default `NODE_COMPILE_CACHE` of `env`, or else below `stateHome` */
  compileCache?: string;
  env: NodeJS.ProcessEnv;
  /** Over the configuration files'; structured values as JSON. A key without a namespace is the project's. */
  config?: Record<string, string>;
  /** Providers that run already: package to port. Others are started, as Pulumi does. */
  providers?: Record<string, number>;
  /** How many operations may be under way at a time. @default 16 */
  parallel?: number;
  /** `up`, `preview`, `destroy`: ask the providers first what there really is. @default false */
  refresh?: boolean;
  /** `up`, `preview`: URNs of resources to replace though nothing of them differs. */
  replace?: readonly string[];
  /** `destroy`, `refresh`: only say what would be done. @default false */
  preview?: boolean;
  /** Go on with what does not hang on a failed resource. @default false */
  continueOnError?: boolean;
  onEvent?: (event: EngineEvent) => void;
  /** Learns the secrets that the operation meets; events and errors are hidden by it. @default one of the operation's own */
  redactor?: Redactor;
  /** Sees, delays or fails what providers are asked; secrets are in plain there. For tests. */
  intercept?: Intercept;
  /** Breaks the operation off: nothing more is begun, what is under way is finished, and the state is sound. */
  signal?: AbortSignal;
}

/** An operation failed. What had been done until then is in the state, and in `result`. */
export class OperationFailed extends UserError {
  constructor(
    message: string,
    readonly result: EngineResult,
    exitCode: 2 | 5 = 2,
  ) {
    super(message, exitCode);
  }
}
