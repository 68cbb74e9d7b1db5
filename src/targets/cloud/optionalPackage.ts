import { UserError } from "../../userError";

/**
 * Load a package that only one kind of pool needs, on first use.
 * @param missing the message if it is not installed: the command that installs it
 * @throws {UserError} with that message
 */
export async function optionalPackage<T>(load: () => Promise<T>, missing: string): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "MODULE_NOT_FOUND" && code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UserError(missing);
  }
}
