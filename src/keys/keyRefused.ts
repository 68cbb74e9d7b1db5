/** A cloud did not accept a key. The message is the cloud's own, in one line, without any part of the key. */
export class KeyRefused extends Error {
  override readonly name = "KeyRefused";

  /** @param mayPass whether a retry may succeed: the key is young, or the cloud had no answer */
  constructor(
    message: string,
    readonly mayPass: boolean,
  ) {
    super(message);
  }
}

/** A key, and where to prove it. */
export interface KeyToProve<Secret extends string, Place extends string = never> {
  keyId: string;
  /** The secret parts. */
  key: Record<Secret, string>;
  /** Base URL of the service that proves it. */
  service: string;
  /** What else the cloud asks for. Not secret. */
  place: Record<Place, string>;
}

/** The proof of a key: when the cloud accepted it, by the cloud's clock; ISO 8601. */
export interface KeyProven {
  provenAt: string;
}

/** Send the request of a proof. @throws {KeyRefused} if no reply came */
export async function ask(url: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  try {
    const response = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(30_000) });
    return { response, text: await response.text() };
  } catch (error) {
    const { message, cause } = error as Error;
    throw new KeyRefused(`${new URL(url).host} gave no answer (${cause instanceof Error ? cause.message : message})`, true);
  }
}

/** The time of a reply. */
export function timeOf(response: Response): string {
  const time = Date.parse(response.headers.get("date") ?? "");
  return new Date(Number.isNaN(time) ? Date.now() : time).toISOString();
}
