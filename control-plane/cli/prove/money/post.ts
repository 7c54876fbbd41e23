import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../../../test-kit/api-client';

/** Something to be done once, however often it must be sent. */
export interface Order {
  path: string;
  body: Record<string, string | number>;
  /** The receipt, for payments. */
  reference?: string;
  key?: string;
}

/** What matters of an answer's body. */
export interface Answered {
  error?: { code: string; message: string };
}

/** When an order was first sent and last answered, by a monotonic clock, and what came of it. */
export interface Posted {
  order: Order;
  sent_ms: number;
  answered_ms: number;
  status: number;
  body: Answered;
  sends: number;
}

/** On a busy machine an order that another till has in hand (in_progress) may take many seconds. */
const PATIENCE_MS = 60_000;

/** Sends an order until it is answered for good: an answer of 5xx, or none, says nothing about whether it was done. */
export async function post(api: ApiClient, order: Order): Promise<Posted> {
  const sent_ms = performance.now();
  for (let sends = 1; ; sends++) {
    const headers = order.key === undefined ? {} : { 'idempotency-key': order.key };
    const answer = await api.post<Answered | undefined>(order.path, order.body, headers).catch(() => undefined);
    const again = answer === undefined || answer.status >= 500 || answer.body?.error?.code === 'in_progress';
    const answered_ms = performance.now();
    const over = answered_ms - sent_ms > PATIENCE_MS;
    if (answer && (!again || over))
      return { order, sent_ms, answered_ms, status: answer.status, body: answer.body ?? {}, sends };
    if (over) throw new Error(`${order.path} got no answer in ${sends} tries`);
    await sleep(50);
  }
}
