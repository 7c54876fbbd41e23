import { startTestLango } from '../../test-kit/lango';
import { until } from '../../test-kit/until';

/** Addresses that failed sign-ins came from, as Lango saw them. */
async function seenFrom(trustedProxies: string[]): Promise<string[]> {
  const lango = await startTestLango({ trustedProxies });
  try {
    await lango.api
      .as(undefined)
      .post('/auth/login', { email: 'a@example.net', password: 'x' }, { 'x-forwarded-for': '203.0.113.7, 192.0.2.9' });
    return (await lango.asOwner<{ ip: string }>('SELECT host(ip) AS ip FROM staff_login_failure')).map((row) => row.ip);
  } finally {
    await lango.stop();
  }
}

test('X-Forwarded-For is believed from a trusted proxy alone, and only its last untrusted address', async () => {
  expect(await seenFrom([])).toEqual(['127.0.0.1']);
  expect(await seenFrom(['127.0.0.1'])).toEqual(['192.0.2.9']);
  expect(await seenFrom(['127.0.0.1', '192.0.2.0/24'])).toEqual(['203.0.113.7']);
});

test('every part that a test asks for starts beside web and ends with it', async () => {
  const lango = await startTestLango({ parts: ['jobs', 'enforcer', 'accounting'] });
  expect(lango.acctPort).toBeGreaterThan(0);
  await until(
    () => lango.asOwner('SELECT job FROM platform_job_tick WHERE finished_at IS NOT NULL'),
    (ticks) => ticks.length > 0,
    40_000,
  );
  await lango.stop();
});
