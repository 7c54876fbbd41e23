import { saidBy, type Sent } from './carrier';

/** An answer of a carrier's HTTP interface; `json` is what its body says, undefined when that is no JSON object. */
export interface CarrierAnswer {
  status: number;
  text: string;
  json: Record<string, unknown> | undefined;
  headers: Headers;
}

/** Faults before a byte of the request has left: it was certainly not taken. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const BODY_KEPT = 20_000;

/** Whether a fault's code says that nothing was sent; certificates are looked at before the request too. */
export function notSent(code: unknown): boolean {
  return typeof code === 'string' && (NOT_SENT.has(code) || /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_/.test(code));
}

/**
 * Posts to a carrier's interface. Redirects are not followed: they would carry the key elsewhere.
 * @returns the answer, or the outcome where none came
 */
export async function postCarrier(
  url: string,
  headers: Record<string, string>,
  body: string,
  o: { timeoutMs: number; secrets: readonly string[] },
): Promise<CarrierAnswer | Exclude<Sent, { kind: 'accepted' }>> {
  const signal = AbortSignal.timeout(o.timeoutMs);
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    const text = (await answer.text()).slice(0, BODY_KEPT);
    return { status: answer.status, text, json: objectOf(text), headers: answer.headers };
  } catch (error) {
    const code = (error as { cause?: { code?: unknown } }).cause?.code;
    if (notSent(code)) return { kind: 'again', error: 'connection', detail: saidBy(code) };
    if (signal.aborted) return { kind: 'unknown', error: 'timeout', detail: `${o.timeoutMs} ms` };
    return { kind: 'unknown', error: 'no_answer', detail: saidBy(code ?? 'broken off', o.secrets) };
  }
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

/** What the status alone says, for refusals that a carrier does not explain in words that we know. */
export function outcomeOfStatus(answer: CarrierAnswer, said: string): Exclude<Sent, { kind: 'accepted' }> {
  const detail = said || `HTTP ${answer.status}`;
  if (answer.status === 401 || answer.status === 403) return { kind: 'again', error: 'credentials', detail };
  if (answer.status === 429) return { kind: 'again', error: 'busy', detail, afterS: retryAfterS(answer.headers) };
  if (answer.status >= 500 || (answer.status >= 300 && answer.status < 400) || answer.status === 408)
    return { kind: 'again', error: 'provider', detail };
  // 2xx that is not the success we know, and whatever else: nobody can say.
  if (answer.status < 300) return { kind: 'unknown', error: 'no_answer', detail };
  return { kind: 'refused', error: 'rejected', detail };
}

function retryAfterS(headers: Headers): number | undefined {
  const text = headers.get('retry-after') ?? '';
  return /^\d{1,5}$/.test(text) ? Math.min(Number(text), 3_600) : undefined;
}
