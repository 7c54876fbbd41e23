import { createSecretBox } from '../../platform/crypto';
import type { TestLango } from '../lango';

/** What a company's account with the simulated Africa's Talking is opened with. */
export const smsAccount = { username: 'kisima', apiKey: 'atsk_live_key' };

/** A company, a test's own by default, sends its SMS by the simulated Africa's Talking, which was begun with `smsAccount`. Doing it twice is doing it once. */
export async function sendsSms(
  lango: Pick<TestLango, 'db' | 'asOwner' | 'company'>,
  tenantId: bigint = lango.company.tenantId,
): Promise<void> {
  const sealed = createSecretBox(lango.db.masterKey).seal(
    'message_provider.secrets',
    tenantId,
    JSON.stringify({ api_key: smsAccount.apiKey }),
  );
  await lango.asOwner(
    `INSERT INTO message_provider (tenant_id, provider, settings, secrets_enc) VALUES ($1, 'africastalking', $2, $3) ON CONFLICT DO NOTHING`,
    [tenantId.toString(), JSON.stringify({ username: smsAccount.username }), sealed],
  );
}
