/** What came of one HTTP call to a service that a company pays: a carrier of messages, a provider of payments. */
export type CalledOut =
  | {
      kind: 'answered';
      status: number;
      text: string;
      /** What the body says, undefined when that is no JSON object: HTML and empty bodies come from gateways. */
      json: Record<string, unknown> | undefined;
      headers: Headers;
    }
  /** Certainly nothing was asked: no connection came about. `code` is the system's word for why. */
  | { kind: 'unsent'; code: string }
  /** It was asked, and what became of that nobody knows. `code` is `timeout`, or the system's word. */
  | { kind: 'silent'; code: string };

export interface CallOut {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  body?: string | undefined;
  /** For all of it, to the last byte of the answer. */
  timeout_ms: number;
}

/** More than this of an answer is not read: no interface that we know says as much, and what goes on without an end must not fill our memory. */
const ANSWER_MAX = 1_000_000;
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** Certificates are looked at before the request is sent. */
const NEVER_TRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_|WRONG_VERSION_NUMBER|HANDSHAKE/;

/** Whether a fault's code says that not a byte of the request has left. */
export const neverSent = (code: unknown): boolean =>
  typeof code === 'string' && (NEVER_SENT.has(code) || NEVER_TRUSTED.test(code));

/** Makes one call. Never throws, and tells nothing of what was sent: keys stand in headers and bodies. Redirects are not followed; they would carry the key elsewhere. */
export async function callOut({ method, url, headers, body, timeout_ms }: CallOut): Promise<CalledOut> {
  const signal = AbortSignal.timeout(timeout_ms);
  try {
    const answer = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal,
      ...(body === undefined ? {} : { body }),
    });
    const text = await beginningOf(answer);
    return { kind: 'answered', status: answer.status, text, json: objectOf(text), headers: answer.headers };
  } catch (error) {
    const cause = (error as { cause?: { code?: unknown; errors?: { code?: unknown }[] } } | null)?.cause;
    const code = cause?.code ?? cause?.errors?.[0]?.code;
    if (neverSent(code)) return { kind: 'unsent', code: String(code) };
    return { kind: 'silent', code: signal.aborted ? 'timeout' : typeof code === 'string' ? code : 'broken off' };
  }
}

async function beginningOf(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let room = ANSWER_MAX;
  for await (const part of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    parts.push(part.subarray(0, room));
    room -= part.length;
    if (room <= 0) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
