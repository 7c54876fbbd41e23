import type { Faults } from '../../test-kit/mikrotik';
import { makeActive, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';
import type { KnownRouter } from '../../test-kit/whole';
import { wholeWithRouter } from './whole-with-router';

/** Routers that refuse, say nothing or have another secret: what they were told stays true of their sessions in the end, and they hold up no other. */
jest.setTimeout(60_000);

const whole = wholeWithRouter();
const { post, online, told, enforced, onWire } = whole;

const patch = async (at: KnownRouter, fields: Json) =>
  expect((await whole.lango.api.patch(`/routers/${at.id}`, fields)).status).toBe(200);
const behave = (coa: Faults['coa']) => async (at: KnownRouter) => {
  at.device.faults.coa = coa;
};
const mend = async (at: KnownRouter) => {
  at.device.faults.coa = 'normal';
  // Whoever mends a router tells Lango so, and what waited goes out at once.
  await patch(at, { coa_address: at.device.address });
};

test('routers that NAK, are silent, or have another secret are retried, shown, and hold up no other', async () => {
  const nak = { outcome: 'nak', error_cause: 501 };
  const silence = { outcome: 'silence' };
  const kinds = [
    { shown: nak, harm: behave('nak'), mend },
    { shown: silence, harm: behave('silent'), mend },
    {
      shown: silence,
      harm: (at: KnownRouter) => patch(at, { secret: 'mistyped' }),
      mend: (at: KnownRouter) => patch(at, { secret: at.secret }),
    },
  ];
  const bad = await Promise.all(
    kinds.map(async (kind) => {
      const at = await whole.lango.addRouter();
      const sub = await makeActive(whole.lango.api);
      const session = await online(sub, at);
      await kind.harm(at);
      return { ...kind, at, sub, session };
    }),
  );
  await Promise.all(bad.map(({ sub }) => post(`/subscriptions/${sub['id']}/suspend`, { reason: 'test' })));
  // In the midst of that, a good router is served at once.
  for (let i = 0; i < 3; i++) {
    const sub = await makeActive(whole.lango.api);
    const session = await online(sub);
    const wait_ms = await onWire(session, 'Disconnect-Request', () =>
      post(`/subscriptions/${sub['id']}/suspend`, { reason: 'test' }),
    );
    expect(wait_ms).toBeLessThan(1_000);
  }
  await Promise.all(
    bad.map(async ({ at, sub, session, shown, ...kind }) => {
      const [row] = await until(
        () => told(sub),
        ([one]) => ((one?.['attempts'] ?? []) as Json[]).length >= 2,
        40_000,
      );
      expect(row).toMatchObject({
        state: 'open',
        kind: 'cut',
        attempts: expect.arrayContaining([expect.objectContaining(shown)]),
      });
      expect(row?.['proven_at']).toBeUndefined();
      expect(session.live).toBe(true);
      await kind.mend(at);
      await until(
        () => session.live,
        (live) => !live,
        10_000,
      );
      expect(await enforced(sub, 'proven')).toMatchObject({ proven_by: 'stop' });
    }),
  );
});

test('a router that obeys and answers with another secret: the Stop proves what its answer cannot', async () => {
  const at = await whole.lango.addRouter();
  const sub = await makeActive(whole.lango.api);
  await online(sub, at);
  at.device.faults.coa = 'wrong_secret';
  await post(`/subscriptions/${sub['id']}/suspend`, { reason: 'test' });
  await enforced(sub, 'proven');
  const row = await until(
    async () => (await told(sub))[0],
    (one) => ((one?.['attempts'] ?? []) as Json[]).length > 0,
    10_000,
  );
  expect(row).toMatchObject({ proven_by: 'stop', attempts: [{ outcome: 'silence' }] });
});
