import { inflateSync } from 'node:zlib';
import { consoleClient, type ConsoleClient } from '../test-kit/console-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makePackage, makeRouter, shiftClock, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { slipPdf } from './sheets/slip-pdf';

jest.setTimeout(120_000);

let lango: TestLango;
let staff: ConsoleClient;
let plan: Json;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
  await makeRouter(lango.api);
  plan = await makePackage(lango.api, { name: 'Café & day', type: 'hotspot' });
  staff = await consoleClient(lango);
});
afterAll(async () => {
  await lango.stop();
});

const codes = async (id: string) =>
  (await lango.api.get<{ items: Json[] }>(`/vouchers/batches/${id}/codes`)).body.items.map(
    (one) => one['code'] as string,
  );
const ask = (over: Record<string, string> = {}) =>
  staff.post('/vouchers/batches', {
    package_id: plan['id'],
    count: '3',
    code_length: '8',
    prefix: 'cafe',
    valid_until: '',
    ...over,
  });

it('are made at the form, listed with their state, each with a page of its own, and saved as a file', async () => {
  const made = await ask({ valid_until: '2099-12-31' });
  const path = made.location.split('?')[0]!;
  const [first, second] = await codes(path.split('/').at(-1)!);
  const page = await staff.get(made.location);
  expect(page.text).toContain('3 vouchers are ready.');
  expect(page.text).toContain('31 Dec 2099');
  await staff.post('/vouchers/redeem', { code: second!.toLowerCase() });
  expect((await staff.get(`${path}?state=used`)).text).toContain(second!.replace(/(.{4})(?=.)/g, '$1 '));
  const history = await staff.get(`/vouchers/codes/${second!.toLowerCase()}`);
  expect(history.text).toContain('Begun by hand');
  expect(history.text).toContain('No device has been online with it.');
  const file = await staff.get(`${path}/csv`);
  expect(file.text).toContain(`${first},unused,Café & day,100.00,2099-12-31T21:00:00.000Z,,`);
  expect(file.text).toContain(`${second},used,`);
});

it.each([
  ['no plan', { package_id: '' }, 'Choose a plan'],
  ['none', { count: '0' }, 'Give a number from 1'],
  ['codes that a guess would hit', { count: '1000', code_length: '4' }, 'need at least 6'],
  ['a day that is over', { valid_until: '2001-01-01' }, 'Give a day that is not over'],
  ['no day at all', { valid_until: '2099-02-31' }, 'Give a day that is not over'],
])('of %s are refused with the words at the field and the values kept', async (_what, over, words) => {
  const refused = await ask({ prefix: 'kept', ...over });
  expect([refused.status, refused.text.includes(words), refused.text.includes('value="kept"')]).toEqual([
    422,
    true,
    true,
  ]);
});

it('let nobody in after their last day, but for those who began before it', async () => {
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const batch = await make(lango.api, '/vouchers/batches', { package_id: plan['id'], count: 2, valid_until: soon });
  const [used, late] = batch['codes'] as string[];
  await make(lango.api, '/vouchers/redeem', { code: used });
  const decision = async (code: string) =>
    (await lango.api.get<Json>(`/access/explain?username=${code}`)).body['decision'] as string;
  expect([await decision(used!), await decision(late!)]).toEqual(['accept', 'accept']);
  await shiftClock(lango.db, '2 hours');
  expect([await decision(used!), await decision(late!)]).toEqual(['accept', 'reject']);
  expect((await lango.api.get<{ items: Json[] }>(`/vouchers?code=${late}`)).body.items).toMatchObject([
    { state: 'expired' },
  ]);
  const refused = await staff.post('/vouchers/redeem', { code: late! });
  expect([refused.status, refused.text.includes('The last day of this voucher is over')]).toEqual([422, true]);
  const [open] = await lango.asOwner<{ open: string[] }>('SELECT aaa_snapshot_batches()::text[] AS open');
  expect(open?.open).not.toContain(batch['id']);
  await shiftClock(lango.db, '0');
});

/** Widths of a PDF's pages, mm. */
const widthsOf = (pdf: Buffer) =>
  [...pdf.toString('latin1').matchAll(/\/MediaBox \[0 0 ([\d.]+) /g)].map(([, points]) =>
    Math.round((Number(points) / 72) * 25.4),
  );

it('are drawn by a job, on A4 or one to a page of a roll, the unused ones alone, and taken as PDF', async () => {
  const batch = await make(lango.api, '/vouchers/batches', { package_id: plan['id'], count: 4 });
  await make(lango.api, '/vouchers/redeem', { code: batch['codes'][0] });
  const path = `/vouchers/batches/${batch['id']}`;
  const wrong = await staff.post(`${path}/sheets`, { paper: 'a4', language: 'en', login: 'hotspot' });
  expect([wrong.status, wrong.text.includes('Give an address such as')]).toEqual([422, true]);
  const widths: Record<string, unknown> = {};
  for (const paper of ['a4', '80', '58']) {
    const asked = await staff.post(`${path}/sheets`, { paper, language: 'sw', login: 'http://hotspot.example/login' });
    const id = asked.location.split('/').at(-1)!;
    const sheet = await until(
      async () => (await lango.api.get<Json>(`/vouchers/sheets/${id}`)).body,
      ({ state }) => state === 'done',
      60_000,
    );
    expect(sheet).toMatchObject({ total: 3, done: 3, parts: [{ no: 1, codes: 3 }] });
    expect((await staff.get(asked.location)).text).toContain(`href="/vouchers/sheets/${id}/parts/1"`);
    const file = await fetch(`${lango.baseUrl}/api/vouchers/sheets/${id}/parts/1.pdf`, {
      headers: { authorization: `Bearer ${lango.api.token}` },
    });
    expect(file.headers.get('content-type')).toBe('application/pdf');
    widths[paper] = widthsOf(Buffer.from(await file.arrayBuffer()));
  }
  expect(widths).toEqual({ a4: [210], '80': [80, 80, 80], '58': [58, 58, 58] });
  await lango.api.post(`${path}/void`);
  const none = await lango.api.post<Json>(`${path}/sheets`, { paper: 'a4' });
  expect([none.status, none.body['error'].code]).toEqual([409, 'none_unused']);
});

/** Pieces of text that a PDF shows. */
const textsOf = (pdf: Buffer): number =>
  [...pdf.toString('latin1').matchAll(/FlateDecode\n>>\nstream\n([^]*?)\nendstream/g)]
    .map(([, stream]) => inflateSync(Buffer.from(stream!, 'latin1')).toString('latin1'))
    .reduce((sum, page) => sum + [...page.matchAll(/\] TJ\n/g)].length, 0);

it.each(['a4', '80', '58'] as const)('have their code on one line of %s, however long it is', async (paper) => {
  const terms = { plan: 'Day', time: 'one day', price: 'KES 50', facts: '10 Mbps', until: '', number: 'Batch 1' };
  const sheet = {
    paper,
    language: 'en',
    title: 'T',
    company: 'C',
    terms,
    how: 'Enter it.',
    target: () => 'x',
  } as const;
  const short = textsOf(await slipPdf(sheet, ['ABCD']));
  expect(short).toBeGreaterThan(4);
  expect(textsOf(await slipPdf(sheet, ['W'.repeat(36)]))).toBe(short);
});

it('of another company are nobody’s here', async () => {
  const other = await lango.addCompany();
  const theirs = await make(other.api, '/vouchers/batches', {
    package_id: (await makePackage(other.api))['id'],
    count: 1,
  });
  for (const rest of ['', '/csv'])
    expect((await staff.get(`/vouchers/batches/${theirs['id']}${rest}`)).status).toBe(404);
  expect((await staff.post(`/vouchers/batches/${theirs['id']}/void`)).status).toBe(404);
  const print = { paper: 'a4', language: 'en', login: '' };
  expect((await staff.post(`/vouchers/batches/${theirs['id']}/sheets`, print)).status).toBe(404);
  expect((await staff.get(`/vouchers/codes/${theirs['codes'][0]}`)).status).toBe(404);
  expect((await staff.get(`/vouchers?q=${theirs['codes'][0]}`)).text).toContain('There is no voucher');
});
