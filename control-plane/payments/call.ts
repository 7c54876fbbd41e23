import { callOut } from '../platform/http/call-out';

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

/** Calls a provider's JSON API. Never throws; never takes an answer for JSON because it should be: HTML and empty bodies come from gateways. */
export async function callJson(spec: CallSpec): Promise<Called> {
  const { method, url, headers, timeout_ms, form } = spec;
  const type = form ? 'application/x-www-form-urlencoded' : 'application/json';
  const body = form ? new URLSearchParams(form).toString() : JSON.stringify(spec.body);
  const called = await callOut({
    method,
    url,
    headers: { accept: 'application/json', 'content-type': type, ...headers },
    body,
    timeout_ms,
  });
  if (called.kind === 'unsent') return { kind: 'unreached', text: called.code };
  if (called.kind === 'silent')
    return { kind: 'silent', text: called.code === 'timeout' ? 'no answer in time' : called.code };
  return read(called.status, called.json);
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

/** Numbers and texts alike: providers change between them. Postgres keeps no NUL, so none is let in. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll('\0', '') : typeof value === 'number' ? String(value) : '';
}
