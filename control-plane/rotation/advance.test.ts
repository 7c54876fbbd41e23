import type { ApiOutcome } from '../../radius/routeros';
import { advance, type Tools, type Work } from './advance';
import { ourRows } from './radius-rows';

/** A router that keeps the rows it is given and the password of its API. */
function router(o: { deaf?: boolean; rights?: boolean; obeys?: boolean } = {}) {
  const row: Record<string, string> = {
    '.id': '*1',
    service: 'ppp,hotspot',
    address: '10.0.0.1',
    'authentication-port': '1812',
    'accounting-port': '1813',
    timeout: '3s',
    disabled: 'false',
  };
  const state = { row, secret: 'old', password: 'now', asked: [] as string[] };
  const ask = (words: readonly string[]): Promise<ApiOutcome> => {
    const [path = '', ...rest] = words;
    state.asked.push(path);
    const args = Object.fromEntries(rest.map((word) => word.slice(1).split('=')));
    if (path === '/radius/set' && !o.deaf) {
      state.secret = args['secret'] ?? '';
      row['authentication-port'] = args['authentication-port'] ?? '';
    }
    if (path === '/password') {
      if (o.rights === false) return Promise.resolve({ kind: 'refused', message: 'not enough permissions (9)' });
      state.password = args['new-password'] ?? '';
    }
    return Promise.resolve({ kind: 'done', rows: path === '/radius/print' ? [row] : [] });
  };
  const tools: Tools = {
    ask,
    askAs: (which, words) => (state.password === which ? ask(words) : Promise.resolve({ kind: 'login_refused' })),
    obeys: () => Promise.resolve(o.obeys ?? false),
  };
  return { state, tools };
}

const rows = [{ id: '*1', address: '10.0.0.1', authPort: '1812', acctPort: '1813', wait_ms: 10_000 }];
const work = (about: Partial<Work>): Work => ({
  step: 'accept',
  age_ms: 0,
  tries: 0,
  rows,
  server: '10.0.0.1',
  secret: 'new',
  used: false,
  behind: [],
  passwords: { now: 'now', next: 'next' },
  ...about,
});

test.each(['accept', 'known', 'withdrawn'] as const)(
  '%s waits for the last host, however long it takes',
  async (step) => {
    const { tools, state } = router();
    expect(await advance(work({ step, behind: ['b'] }), tools)).toMatchObject({ kind: 'again', waits: true });
    expect(await advance(work({ step, behind: ['b'], age_ms: 61_000 }), tools)).toMatchObject({
      kind: 'again',
      fault: 'hosts',
      words: 'b',
    });
    const late = await advance(work({ step, behind: ['b'], age_ms: 3_600_000 }), tools);
    // Only a router that has been told nothing may be left as it is.
    expect(late.kind).toBe(step === 'accept' ? 'failed' : 'again');
    expect(state.asked).toEqual([]);
  },
);

test('secret and port are set in one command; the port that is shown says that it was taken', async () => {
  const { tools, state } = router();
  expect(await advance(work({ step: 'tell' }), tools)).toMatchObject({ kind: 'next', step: 'prove' });
  expect(state).toMatchObject({ secret: 'new', row: { 'authentication-port': '1813' } });
  expect(await advance(work({ step: 'return' }), tools)).toMatchObject({ kind: 'next', step: 'drain' });
  expect(state).toMatchObject({ secret: 'new', row: { 'authentication-port': '1812' } });
  const deaf = router({ deaf: true });
  for (const step of ['tell', 'return'] as const)
    expect(await advance(work({ step, tries: 40, rows: [{ ...rows[0]!, authPort: '1645' }] }), deaf.tools)).toEqual({
      kind: 'again',
      after_ms: 300_000,
      waits: false,
      fault: 'not_taken',
      words: '',
    });
});

test('the old secret stays until the router obeys the new one or was heard with it', async () => {
  expect(await advance(work({ step: 'prove', tries: 99 }), router().tools)).toMatchObject({ fault: 'not_proven' });
  expect(await advance(work({ step: 'prove' }), router({ obeys: true }).tools)).toMatchObject({ step: 'settle' });
  expect(await advance(work({ step: 'prove', used: true }), router().tools)).toMatchObject({ step: 'settle' });
});

test('nothing is withdrawn while the router may still try a request again', async () => {
  const { tools } = router();
  for (const [step, also] of [
    ['settle', 'adopt'],
    ['drain', 'withdraw'],
  ] as const) {
    expect(await advance(work({ step, age_ms: 9999 }), tools)).toMatchObject({ waits: true, after_ms: 1 });
    expect(await advance(work({ step, age_ms: 10_000 }), tools)).toMatchObject({ kind: 'next', also });
  }
});

test('the API password counts when it lets us in; cut off after the router took it, it is not told again', async () => {
  const { tools, state } = router();
  expect(await advance(work({ step: 'password' }), tools)).toEqual({ kind: 'done' });
  expect(state.password).toBe('next');
  state.asked.length = 0;
  expect(await advance(work({ step: 'password' }), tools)).toEqual({ kind: 'done' });
  expect(state.asked).not.toContain('/password');
  const poor = router({ rights: false });
  expect(await advance(work({ step: 'password' }), poor.tools)).toMatchObject({
    kind: 'failed',
    fault: 'password_refused',
  });
});

describe('which rows are ours', () => {
  const row = (fields: Record<string, string>) => ({
    '.id': '*9',
    service: 'ppp',
    address: '10.0.0.9',
    'authentication-port': '1812',
    'accounting-port': '1813',
    timeout: '1s100ms',
    disabled: 'false',
    ...fields,
  });
  it('those to our address and those that a comment calls ours, with the time that their requests may take', () => {
    const found = ourRows(
      [row({ '.id': '*1', address: '10.0.0.1' }), row({ '.id': '*2', comment: 'lango second host' })],
      '10.0.0.1',
    );
    expect(found).toMatchObject({ kind: 'ours', rows: [{ id: '*1', wait_ms: 4300 }, { id: '*2' }] });
  });
  it('the only one there is, under whatever address', () => {
    expect(ourRows([row({}), row({ service: 'login' }), row({ disabled: 'true' })], '')).toMatchObject({
      kind: 'ours',
      rows: [{ id: '*9' }],
    });
  });
  it('refuses to guess: another one with the same ports may be a host of ours that would be locked out', () => {
    expect(ourRows([row({ address: '10.0.0.1' }), row({})], '10.0.0.1')).toEqual({
      kind: 'others',
      address: '10.0.0.9',
    });
    expect(ourRows([row({ address: '10.0.0.1' }), row({ 'accounting-port': '1646' })], '10.0.0.1').kind).toBe('ours');
    expect(ourRows([row({ service: 'login' })], '10.0.0.1')).toEqual({ kind: 'none' });
  });
});
