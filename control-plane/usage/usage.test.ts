import { startTestLango, type TestLango } from '../test-kit/lango';
import { addUsage, asOwner, makeActive, type Json } from '../test-kit/story';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

type List = { items: Json[] };
const usage = async (id: string, query = '') =>
  (await lango.api.get<List>(`/subscriptions/${id}/usage?${query}`)).body.items;

describe('usage', () => {
  it('by hour and by the company’s day, oldest first, to the byte', async () => {
    const sub = await makeActive(lango.api);
    // 20:00 UTC is 23:00 in Nairobi, 21:00 UTC is its midnight.
    for (const [hour, input, output] of [
      ['2026-11-19T20:00Z', 1, 10],
      ['2026-11-19T21:00Z', 2, 20],
      ['2026-11-20T20:00Z', 4, 9_000_000_000],
      ['2026-11-20T21:00Z', 8, 80],
    ]) {
      await asOwner(
        lango.db,
        `INSERT INTO usage_hour (subscription_id, hour, tenant_id, input_bytes, output_bytes, seconds) SELECT id, $2, tenant_id, $3, $4, 60 FROM subscription WHERE id = $1`,
        [sub['id'], hour, input, output],
      );
    }
    expect((await usage(sub['id'], 'by=hour')).map((u) => u['input_bytes'])).toEqual([1, 2, 4, 8]);
    expect(await usage(sub['id'], 'by=day')).toEqual([
      {
        from: '2026-11-18T21:00:00.000Z',
        to: '2026-11-19T21:00:00.000Z',
        input_bytes: 1,
        output_bytes: 10,
        seconds: 60,
      },
      {
        from: '2026-11-19T21:00:00.000Z',
        to: '2026-11-20T21:00:00.000Z',
        input_bytes: 6,
        output_bytes: 9_000_000_020,
        seconds: 120,
      },
      {
        from: '2026-11-20T21:00:00.000Z',
        to: '2026-11-21T21:00:00.000Z',
        input_bytes: 8,
        output_bytes: 80,
        seconds: 60,
      },
    ]);
    expect(
      (await usage(sub['id'], 'by=hour&from=2026-11-19T21:00:00Z&to=2026-11-20T21:00:00Z')).map(
        (u) => u['input_bytes'],
      ),
    ).toEqual([2, 4]);
    expect((await usage(sub['id'], 'by=hour&limit=1')).map((u) => u['input_bytes'])).toEqual([8]);
  });

  it('by cycle begins anew with each purchase', async () => {
    const sub = await makeActive(lango.api);
    await addUsage(lango.db, sub['id'], 700);
    const renewed = (await lango.api.post<Json>(`/subscriptions/${sub['id']}/renew`)).body;
    await addUsage(lango.db, sub['id'], 50);
    const cycles = await usage(sub['id'], 'by=cycle');
    expect(cycles.map((c) => c['output_bytes'])).toEqual([700, 50]);
    expect(cycles[0]!['to']).toBe(cycles[1]!['from']);
    expect(cycles[1]!['to']).toBe(renewed['expires_at']);
  });

  it('refuses other steps and unknown subscriptions', async () => {
    const sub = await makeActive(lango.api);
    expect((await lango.api.get(`/subscriptions/${sub['id']}/usage?by=fortnight`)).status).toBe(422);
    expect((await lango.api.get(`/subscriptions/${sub['id']}/usage?from=yesterday`)).status).toBe(422);
    expect((await lango.api.get('/subscriptions/99999999/usage')).status).toBe(404);
    expect(await usage(sub['id'])).toEqual([]);
  });
});
