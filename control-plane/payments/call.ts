/** What came of one HTTP call of a provider. Only `unreached` is certain to have done nothing. */
export type Called =
  | { kind: 'ok'; body: Record<string, unknown> }
  /** The provider understood and said no. `code` is its own (400.002.02), or `http_<status>` where it gave none. */
  | { kind: 'refused'; status: number; code: string; text: string }
  /** No connection came about: nothing was asked. */
  | { kind: 'unreached'; text: string }
  /** It was asked, and what it made of that nobody knows: no answer in time, a broken one, or an error page of something in between. */
  | { kind: 'silent'; text: string };

export interface CallSpec {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  body?: unknown;
  /** Sent as a form instead of JSON. */
  form?: Record<string, string>;
  timeout_ms: number;
}

const ANSWER_MAX = 1_000_000;
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Calls a provider's JSON API. Never throws; never takes an answer for JSON because it should be: HTML and empty bodies come from gateways. */
export async function callJson(spec: CallSpec): Promise<Called> {
  const { method, url, headers, timeout_ms, form } = spec;
  const type = form ? 'application/x-www-form-urlencoded' : 'application/json';
  const body = form ? new URLSearchParams(form).toString() : JSON.stringify(spec.body);
  try {
    const answer = await fetch(url, {
      method,
      headers: { accept: 'application/json', 'content-type': type, ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout_ms),
    });
    const text = (await answer.text()).slice(0, ANSWER_MAX);
    return read(answer.status, parse(text));
  } catch (error) {
    return faultOf(error);
  }
}

function read(status: number, body: Record<string, unknown> | undefined): Called {
  if (status >= 200 && status < 300)
    return body ? { kind: 'ok', body } : { kind: 'silent', text: 'an answer that is no JSON' };
  const code = body && textOf(body['errorCode'] ?? body['error']);
  if (body && code)
    return { kind: 'refused', status, code, text: textOf(body['errorMessage'] ?? body['error_description']) || code };
  // What passed the gateway may have been done; what the gateway turned away was not.
  if (status >= 500) return { kind: 'silent', text: `HTTP ${status} without a reason` };
  return { kind: 'refused', status, code: `http_${status}`, text: 'refused without a reason' };
}

function faultOf(error: unknown): Called {
  const cause = (error as { cause?: { code?: string; errors?: { code?: string }[] } } | null)?.cause;
  const code = cause?.code ?? cause?.errors?.[0]?.code ?? '';
  if (NEVER_SENT.has(code)) return { kind: 'unreached', text: code };
  const name = error instanceof Error ? error.name : 'fault';
  return { kind: 'silent', text: name === 'TimeoutError' ? 'no answer in time' : code || name };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Numbers and texts alike: providers change between them. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
