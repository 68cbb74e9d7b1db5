/** An error that a cloud returned to a stand-in provider. */
export class CloudApiError extends Error {
  constructor(
    readonly status: number,
    /** The cloud's own code, such as `NoSuchEntity`; empty if it returns none. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The result of a call, or `undefined` if the cloud answers that the resource does not exist. @param missing the code of that answer
 * @default HTTP 404
 */
export async function unlessMissing<T>(call: Promise<T>, missing?: RegExp): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CloudApiError && (missing ? missing.test(error.code) : error.status === 404)) return undefined;
    throw error;
  }
}
