import type { JobHelpers } from 'graphile-worker';
import { oneRound } from '../platform/jobs/one-round';
import type { TaskTools } from '../platform/jobs/task';
import { postMessage, type Posted } from './post-message';
import { SECRET_PURPOSE } from './schema';
import { signatureHeader } from './sign';

/** Seconds to the next try after the first, second, … that failed: eleven tries over three days and a half. */
export const RETRY_AFTER_S = [5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
/** An endpoint that took nothing for this long is disabled. */
export const DISABLE_AFTER_DAYS = 5;

const TIMEOUT_MS = 10_000;
const AT_ONCE = 16;
/** A slow receiver holds this many of them and no more. */
const AT_ONCE_EACH = 4;
const RETRY_AFTER_MAX_S = 3_600;

interface Claimed {
  delivery_id: string;
  tenant_id: string;
  endpoint_id: string;
  url: string;
  secret_enc: Buffer;
  former_secret_enc: Buffer | null;
  message_id: string;
  type: string;
  payload: string;
  tries: number;
}

const round = oneRound(drain);

/** Sends what is due, until nothing is. What a process leaves behind when it dies falls free after a minute (webhook_claim). */
export const sendDue = (helpers: JobHelpers, tools: TaskTools): Promise<void> => round(helpers, tools);

async function drain(helpers: JobHelpers, tools: TaskTools): Promise<void> {
  const running = new Set<Promise<void>>();
  for (;;) {
    const claimed = helpers.abortSignal?.aborted ? [] : await claim(helpers, AT_ONCE - running.size);
    for (const one of claimed) {
      const sent = deliver(helpers, tools, one)
        .catch((error: unknown) => tools.log.error({ err: error, delivery: one.delivery_id }, 'webhook not recorded'))
        .finally(() => running.delete(sent));
      running.add(sent);
    }
    if (running.size === 0) return;
    await Promise.race(running);
  }
}

async function claim(helpers: JobHelpers, limit: number): Promise<Claimed[]> {
  if (limit < 1) return [];
  const { rows } = await helpers.query<Claimed>('SELECT * FROM webhook_claim($1, $2)', [limit, AT_ONCE_EACH]);
  return rows;
}

async function deliver(helpers: JobHelpers, tools: TaskTools, one: Claimed): Promise<void> {
  const tenantId = BigInt(one.tenant_id);
  const secrets = [one.secret_enc, one.former_secret_enc]
    .filter((sealed) => sealed !== null)
    .map((sealed) => tools.secrets.open(SECRET_PURPOSE, tenantId, sealed));
  const timestamp = Math.floor(Date.now() / 1000);
  const head = {
    'content-type': 'application/json',
    'user-agent': 'Lango-Webhooks/1',
    'webhook-id': one.message_id,
    'webhook-timestamp': String(timestamp),
  };
  const signature = signatureHeader(secrets, one.message_id, timestamp, one.payload);
  const posted = await postMessage(one.url, { ...head, 'webhook-signature': signature }, one.payload, {
    networks: tools.insecureWebhookNetworks,
    timeoutMs: TIMEOUT_MS,
    stop: helpers.abortSignal,
  });
  // Ended by us: nothing is known of it, so the claim runs out and it is sent again.
  if (posted.fault === 'stopped') return;
  await record(helpers, tools, one, head, posted);
}

async function record(
  helpers: JobHelpers,
  tools: TaskTools,
  one: Claimed,
  head: Record<string, string>,
  posted: Posted,
): Promise<void> {
  const delivered = posted.status !== undefined && posted.status >= 200 && posted.status < 300;
  // 410 Gone: the receiver asks never to be called again (Standard Webhooks, "Disabling endpoints").
  const gone = posted.status === 410;
  const { rows } = await helpers.query<{ disabled: boolean }>(
    'SELECT webhook_record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS disabled',
    [
      one.delivery_id,
      delivered,
      gone,
      delivered || gone ? null : nextTryS(one.tries, posted.retryAfterS),
      DISABLE_AFTER_DAYS,
      posted.ms,
      posted.status ?? null,
      posted.fault ?? null,
      JSON.stringify(head),
      JSON.stringify(posted.responseHead),
      posted.responseBody,
    ],
  );
  if (rows[0]?.disabled)
    tools.log.warn({ tenant: one.tenant_id, endpoint: one.endpoint_id }, 'webhook endpoint disabled');
}

/** Seconds to the next try after `tries` earlier ones and this, a fifth more or less so that receivers are not called in step; null after the last. */
export function nextTryS(tries: number, retryAfterS?: number, random: () => number = Math.random): number | null {
  const planned = RETRY_AFTER_S[tries];
  if (planned === undefined) return null;
  return Math.max(planned * (0.8 + 0.4 * random()), Math.min(retryAfterS ?? 0, RETRY_AFTER_MAX_S));
}
