import { callOut, type CalledOut } from '../../platform/http/call-out';
import { saidBy, type Sent } from './carrier';

export type CarrierAnswer = Omit<Extract<CalledOut, { kind: 'answered' }>, 'kind'>;

/**
 * Posts to a carrier's interface.
 * @returns the answer, or the outcome where none came
 */
export async function postCarrier(
  url: string,
  headers: Record<string, string>,
  body: string,
  { timeoutMs: timeout_ms }: { timeoutMs: number },
): Promise<CarrierAnswer | Exclude<Sent, { kind: 'accepted' }>> {
  const called = await callOut({ method: 'POST', url, headers, body, timeout_ms });
  if (called.kind === 'unsent') return { kind: 'again', error: 'connection', detail: saidBy(called.code) };
  if (called.kind === 'silent')
    return called.code === 'timeout'
      ? { kind: 'unknown', error: 'timeout', detail: `${timeout_ms} ms` }
      : { kind: 'unknown', error: 'no_answer', detail: saidBy(called.code) };
  const { kind: _kind, ...answer } = called;
  return answer;
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
