import { UserError } from "../../userError";

/**
 * A package that only one kind of pool needs, asked for where it is first needed.
 * @param missing what to say where it is not installed: the line that installs it
 * @throws {UserError} saying that
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
