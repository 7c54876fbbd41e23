import { startTestLango, type TestLango } from '../test-kit/lango';
import { stopwatch } from '../test-kit/stopwatch';
import { make, makePackage, makeRouter, makeSubscription, type Json } from '../test-kit/story';
import { checkCharacter, isWhole } from './check-character';
import { alphabet } from './schema';

jest.setTimeout(60_000);

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
  await makeRouter(lango.api);
});
afterAll(async () => {
  await lango.stop();
});

interface Vouchers {
  items: Json[];
  nextCursor: string | null;
}
const makeBatch = async (fields: Json = {}, terms: Json = {}) =>
  make(lango.api, '/vouchers/batches', {
    package_id: (await makePackage(lango.api, terms))['id'],
    count: 3,
    ...fields,
  });

describe('a batch', () => {
  it('has its codes at once: of the length asked for, readable on paper, none twice', async () => {
    const made = await makeBatch({ count: 500, code_length: 9, prefix: 'umo' });
    expect(made).toMatchObject({ count: 500, used: 0, code_length: 9, prefix: 'UMO', voided_at: null });
    expect(new Set(made['codes']).size).toBe(500);
    for (const code of made['codes'] as string[]) expect(code).toMatch(new RegExp(`^UMO[${alphabet}]{9}$`));
    expect((await lango.api.get<Json>(`/vouchers/batches/${made['id']}`)).body).toMatchObject({ count: 500, used: 0 });
    expect((await lango.api.get<Vouchers>(`/vouchers/batches`)).body.items[0]).toMatchObject({ id: made['id'] });
  });

  it('of more than a thousand is read page by page', async () => {
    const made = await makeBatch({ count: 2500 });
    expect(made['codes']).toBeUndefined();
    const codes = new Set<string>();
    let cursor = '';
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await lango.api.get<Vouchers>(`/vouchers/batches/${made['id']}/codes?cursor=${cursor}`);
      for (const { code } of body.items) codes.add(code as string);
      cursor = body.nextCursor ?? '';
    }
    expect([codes.size, cursor]).toEqual([2500, '']);
  });

  it.each<[string, Json, string]>([
    ['no such package', { package_id: '999999' }, 'package_id'],
    ['no vouchers', { count: 0 }, 'count'],
    ['too many', { count: 100_001 }, 'count'],
    ['codes that a guess would hit', { count: 1000, code_length: 5 }, 'code_length'],
    ['a prefix with signs', { prefix: 'a-b' }, 'prefix'],
  ])('of %s is refused, naming the field', async (_what, wrong, field) => {
    const packageId = (await makePackage(lango.api))['id'];
    const refused = await lango.api.post<Json>('/vouchers/batches', { package_id: packageId, count: 3, ...wrong });
    expect([refused.status, Object.keys(refused.body['error'].fields)]).toEqual([422, [field]]);
  });

  it('may have a check character: a typing error is told from a code that is none, and each single one is found', async () => {
    const made = await makeBatch({ code_length: 8, prefix: 'mto', with_check: true });
    expect(made).toMatchObject({ with_check: true, code_length: 8 });
    const code = made['codes'][0] as string;
    expect([code.length, isWhole(code), checkCharacter(code.slice(0, -1))]).toEqual([12, true, code.at(-1)]);
    const wrong = code
      .slice(3)
      .split('')
      .flatMap((letter, at) =>
        alphabet
          .split('')
          .filter((other) => other !== letter)
          .map((other) => code.slice(0, 3 + at) + other + code.slice(4 + at)),
      );
    const swapped = code
      .slice(4)
      .split('')
      .map((letter, at) => code.slice(0, 3 + at) + letter + code[3 + at] + code.slice(5 + at))
      .filter((other) => other !== code);
    expect([...wrong, ...swapped].filter(isWhole)).toEqual([]);
    const complaint = async (typed: string) =>
      (await lango.api.post<Json>('/vouchers/redeem', { code: typed })).body['error'].fields.code as string;
    expect(await complaint(wrong[0]!.toLowerCase())).toMatch(/wrong character/);
    expect(await complaint(`${wrong[0]!}X`)).toBe('is no voucher of yours');
    const other = `MTO${code.slice(3, 5)}${code.slice(3, 9)}`;
    expect(await complaint(other + checkCharacter(other))).toBe('is no voucher of yours');
    await make(lango.api, '/vouchers/redeem', { code });
  });

  it('that is written in several parts has every code, none twice', async () => {
    const made = await makeBatch({ count: 30_000 });
    const [there] = await lango.asOwner<{ codes: number; different: number }>(
      'SELECT count(*)::int AS codes, count(DISTINCT code)::int AS different FROM voucher WHERE batch_id = $1',
      [made['id']],
    );
    expect(there).toEqual({ codes: 30_000, different: 30_000 });
  });

  it('keeps the terms that it was made on', async () => {
    const sold = await makePackage(lango.api, { quota_bytes: 1_000_000 });
    const made = await make(lango.api, '/vouchers/batches', { package_id: sold['id'], count: 1 });
    await lango.api.patch(`/packages/${sold['id']}`, { quota_bytes: 5 });
    const voucher = await make(lango.api, '/vouchers/redeem', { code: made['codes'][0] });
    expect((await lango.api.get<Json>(`/subscriptions/${voucher['subscription_id']}`)).body).toMatchObject({
      quota_bytes: 1_000_000,
    });
  });

  it('that is voided lets no unused code be redeemed, and leaves the used ones', async () => {
    const made = await makeBatch();
    const [first, second] = made['codes'] as string[];
    await make(lango.api, '/vouchers/redeem', { code: first });
    const voided = await lango.api.post<Json>(`/vouchers/batches/${made['id']}/void`);
    expect(voided.body).toMatchObject({ used: 1, voided_at: expect.any(String) });
    expect((await lango.api.post<Json>('/vouchers/redeem', { code: second })).body['error'].code).toBe('is_void');
    const states = (await lango.api.get<Vouchers>(`/vouchers?batch_id=${made['id']}`)).body.items.map(
      (v) => v['state'],
    );
    expect([states.includes('used'), states.filter((state) => state === 'void').length]).toEqual([true, 2]);
    const [event] = await lango.asOwner(
      `SELECT 1 FROM audit_event WHERE action = 'vouchers.void-batch' AND subject_id = $1`,
      [made['id']],
    );
    expect(event).toBeDefined();
  });
});

describe('a voucher', () => {
  it('redeemed is a running subscription under its code, once', async () => {
    const made = await makeBatch({}, { validity: { count: 3, unit: 'hour' }, quota_bytes: 1_000_000 });
    const code = made['codes'][0] as string;
    const typed = `${code.slice(0, 4)}-${code.slice(4)}`.toLowerCase();
    expect((await lango.api.get<Vouchers>(`/vouchers?code=${typed}`)).body.items).toMatchObject([
      { code, state: 'unused' },
    ]);
    const voucher = await make(lango.api, '/vouchers/redeem', { code: typed });
    expect(voucher).toMatchObject({ code, state: 'used', subscription_id: expect.any(String) });
    const sub = (await lango.api.get<Json>(`/subscriptions/${voucher['subscription_id']}`)).body;
    expect(sub).toMatchObject({
      username: code,
      state: 'active',
      quota_bytes: 1_000_000,
      client_name: 'Voucher guests',
    });
    expect(Date.parse(sub['expires_at']) - Date.parse(sub['starts_at'])).toBe(3 * 3_600_000);
    expect(await lango.asOwner(`SELECT value FROM radcheck WHERE username = $1`, [code])).toEqual([{ value: code }]);
    const again = await lango.api.post<Json>('/vouchers/redeem', { code });
    expect([again.status, again.body['error'].code]).toEqual([409, 'already_used']);
    expect((await lango.api.get<Json>(`/access/explain?username=${code}`)).body).toMatchObject({ decision: 'accept' });
  });

  it('is never a customer’s username, and a customer who took the code later keeps it', async () => {
    const made = await makeBatch();
    const code = made['codes'][0] as string;
    await makeSubscription(lango.api, {}, { username: code });
    const refused = await lango.api.post<Json>('/vouchers/redeem', { code });
    expect([refused.status, refused.body['error'].code]).toEqual([409, 'username_taken']);
  });

  it('of another company is unknown', async () => {
    const other = await lango.addCompany();
    const made = await makeBatch();
    expect((await other.api.post('/vouchers/redeem', { code: made['codes'][0] })).status).toBe(422);
    expect((await other.api.get(`/vouchers/batches/${made['id']}`)).status).toBe(404);
    expect((await other.api.get(`/vouchers/batches/${made['id']}/codes`)).status).toBe(404);
    expect((await other.api.post(`/vouchers/batches/${made['id']}/void`)).status).toBe(404);
    expect((await other.api.get<Vouchers>(`/vouchers?code=${made['codes'][0]}`)).body.items).toEqual([]);
  });

  it('can be one of very many, and the unused ones are counted fast', async () => {
    const made = await makeBatch();
    await lango.asOwner(
      `INSERT INTO voucher (tenant_id, code, batch_id) SELECT b.tenant_id, 'Z' || upper(lpad(to_hex(n), 9, '0')), b.id FROM voucher_batch b, generate_series(1, 200000) n WHERE b.id = $1`,
      [made['id']],
    );
    await lango.asOwner('ANALYZE voucher');
    const elapsed_ms = stopwatch();
    expect((await lango.api.get<Json>(`/vouchers/batches/${made['id']}`)).body).toMatchObject({ used: 0 });
    expect(elapsed_ms()).toBeLessThan(1000);
  });
});
