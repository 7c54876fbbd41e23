import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { callbackBody } from '../../../test-kit/daraja';
import type { PaymentTown, Prompted } from './town';

/** One callback as its sender saw it. Milliseconds of performance.now(). */
export interface Sent {
  payer: Prompted;
  sent_ms: number;
  answered_ms: number | undefined;
  status: number | undefined;
}

/** Sends outcomes of paid prompts at a fixed rate that a slow server does not slow down. Resolves when each was answered or given up. */
export async function sendCallbacks(
  town: PaymentTown,
  payers: readonly Prompted[],
  rate_per_s: number,
  timeout_ms = 30_000,
): Promise<Sent[]> {
  const url = new URL(new URL(town.callbackUrl).pathname, town.daraja.reach);
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const sent: Sent[] = [];
  const open: Promise<void>[] = [];
  const begun = performance.now();
  while (sent.length < payers.length) {
    const due = Math.min(payers.length, Math.floor(((performance.now() - begun) / 1_000) * rate_per_s) + 1);
    while (sent.length < due) {
      const payer = payers[sent.length]!;
      const body = JSON.stringify(callbackBody(town.daraja.pay(payer.push)));
      const one: Sent = { payer, sent_ms: performance.now(), answered_ms: undefined, status: undefined };
      sent.push(one);
      open.push(post(agent, url, body, one, timeout_ms));
    }
    await sleep(2);
  }
  await Promise.all(open);
  agent.destroy();
  return sent;
}

function post(agent: Agent, url: URL, body: string, one: Sent, timeout_ms: number): Promise<void> {
  return new Promise((done) => {
    const over = (): void => done();
    const req = request(
      url,
      {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => {
          one.answered_ms = performance.now();
          one.status = answer.statusCode;
          over();
        });
        answer.once('error', over);
      },
    );
    req.setTimeout(timeout_ms, () => req.destroy());
    req.once('error', over);
    req.once('close', over);
    req.end(body);
  });
}
