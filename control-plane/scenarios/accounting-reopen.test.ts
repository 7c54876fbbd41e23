/** A session that comes back while another process opens the next life of its id: the loser tries again, for its packet is not at fault. */
import { Client } from 'pg';
import { createAccountingWorld, type AccountingWorld } from './accounting-world';

let world: AccountingWorld;
beforeAll(async () => {
  world = await createAccountingWorld();
});
afterAll(() => world.end());

test('a packet that meets another life of its session id at the same moment is stored and not put aside', async () => {
  const router = await world.router({ address: '10.9.0.1' });
  const packet = (seconds: number, status = 'Interim-Update') => ({
    'Acct-Status-Type': status,
    'Acct-Session-Id': 'back',
    'Acct-Session-Time': seconds,
    'Acct-Output-Octets': seconds * 10,
  });
  await world.report(router, 100, packet(0, 'Start'));
  await world.report(router, 60, packet(40));
  await world.owner.query(
    `UPDATE session_live SET stopped_at = updated_at, closed_by = 'stale', closed_at = updated_at WHERE acct_session_id = 'back'`,
  );
  const other = new Client({ connectionString: world.database.ownerUrl });
  await other.connect();
  await other.query('BEGIN');
  await other.query(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, generation, nas_address, started_at, updated_at, received_at)
     SELECT tenant_id, nas_id, acct_session_id, 1, nas_address, now() - interval '5 minutes', now() - interval '4 minutes', now() FROM session_live WHERE acct_session_id = 'back'`,
  );
  const writing = world.write([world.record(router, 0, packet(100))]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await other.query('COMMIT');
  await other.end();
  await writing;
  const { rows } = await world.owner.query('SELECT error FROM accounting_quarantine');
  expect(rows).toEqual([]);
  expect((await world.sessions('back')).map((row) => row.output_bytes)).toContain('1000');
});

test.each(['closed as stale', 'in the archive'])(
  'a late word of an older life does not wake it while the life after it is %s',
  async (where) => {
    const id = where.replaceAll(' ', '-');
    const router = await world.router({ address: where === 'in the archive' ? '10.9.0.3' : '10.9.0.2' });
    const ago = (seconds: number): number => Math.floor(Date.now() / 1000) - seconds;
    const packet = (happenedAgo_s: number, seconds?: number) => ({
      'Acct-Status-Type': seconds === undefined ? 'Start' : 'Interim-Update',
      'Acct-Session-Id': id,
      'Acct-Session-Time': seconds,
      'Acct-Output-Octets': seconds === undefined ? undefined : seconds * 10,
      'Event-Timestamp': ago(happenedAgo_s),
    });
    await world.report(router, 447, packet(447));
    await world.report(router, 352, packet(352, 95));
    await world.owner.query(
      `UPDATE session_live SET stopped_at = updated_at, closed_by = 'stale', closed_at = updated_at WHERE acct_session_id = $1`,
      [id],
    );
    if (where === 'in the archive')
      await world.owner.query(
        'WITH moved AS (DELETE FROM session_live WHERE acct_session_id = $1 RETURNING *) INSERT INTO session_closed SELECT * FROM moved',
        [id],
      );
    // The life before it, whose packets were long under way.
    await world.report(router, 250, packet(550));
    await world.report(router, 248, packet(531, 19));
    await world.report(router, 10, packet(10, 437));
    const lives = await world.sessions(id);
    expect(lives.map((row) => [row.output_bytes, row.closed_by])).toEqual([
      ['4370', null],
      ['190', 'new_generation'],
    ]);
  },
);

test('a Stop that comes before its Start and counts what the life before counted is of the life its login names', async () => {
  const router = await world.router({ address: '10.9.0.4' });
  const mine = await world.subscription({ username: 'same-again' });
  const packet = (status: string, happenedAgo_s: number, login: string, seconds = 0) => ({
    'Acct-Status-Type': status,
    'Acct-Session-Id': 'same-again',
    'Acct-Session-Time': seconds,
    'Acct-Output-Octets': seconds * 10,
    'Event-Timestamp': Math.floor(Date.now() / 1000) - happenedAgo_s,
    Class: `L1:${mine}:${login}:f`,
  });
  const [first, second] = ['00000000000000a1', '00000000000000a2'];
  await world.report(router, 100, packet('Start', 100, first));
  await world.report(router, 80, packet('Stop', 80, first, 20));
  await world.report(router, 39, packet('Stop', 40, second, 20));
  await world.report(router, 38, packet('Start', 60, second));
  // A repetition of each is of the life it was of.
  await world.report(router, 37, packet('Stop', 80, first, 20));
  await world.report(router, 36, packet('Stop', 40, second, 20));
  const lives = await world.sessions('same-again');
  expect(lives.map((row) => [row.output_bytes, row.closed_by])).toEqual([
    ['200', 'stop'],
    ['200', 'stop'],
  ]);
  expect((await world.usage(mine)).hours.output).toBe(400n);
});
