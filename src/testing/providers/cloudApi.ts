/** An error that a cloud answered to a stand-in provider. */
export class CloudApiError extends Error {
  constructor(
    readonly status: number,
    /** In the cloud's own words, as `NoSuchEntity`; empty where it gives none. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What a call gives, or `undefined` where the cloud says that the resource does not exist. @param missing the code that says so @default HTTP 404 */
export async function unlessMissing<T>(call: Promise<T>, missing?: RegExp): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CloudApiError && (missing ? missing.test(error.code) : error.status === 404)) return undefined;
    throw error;
  }
}
