const SERVED = Symbol.for("pushpool.served");

/**
 * Say that this process is pushpool's provider. Call it before the modules of components are loaded.
 * @param version of the package, so that its resources use the same provider as those of the program
 */
export function serveComponents(version: string): void {
  (globalThis as Record<symbol, unknown>)[SERVED] = version;
}

/** @returns the version of the provider in which the components are; `undefined` in a program */
export function servedVersion(): string | undefined {
  return (globalThis as Record<symbol, unknown>)[SERVED] as string | undefined;
}
