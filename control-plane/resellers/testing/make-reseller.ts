import type { ApiClient } from '../../test-kit/api-client';
import type { TestCompany, TestLango } from '../../test-kit/lango';
import { make, unique, type Json } from '../../test-kit/story';

/** A reseller made for a test, with somebody of theirs who is signed in. */
export interface TestReseller {
  id: string;
  name: string;
  phone: string;
  version: number;
  clientId: string;
  staffId: string;
  email: string;
  password: string;
  api: ApiClient;
}

let number = 0;

/** Takes in a reseller with so much float, and signs their salesperson in. */
export async function makeReseller(
  lango: TestLango,
  { float_cents = 0, company = lango.company, ...fields }: Json & { float_cents?: number; company?: TestCompany } = {},
): Promise<TestReseller> {
  number += 1;
  const made = await make(company.api, '/resellers', {
    name: unique('Duka'),
    phone: `07001${String(number).padStart(5, '0')}`,
    ...fields,
  });
  if (float_cents > 0)
    await make(company.api, `/resellers/${made['id']}/top-up`, {
      amount_cents: float_cents,
      method: 'cash',
      reference: unique('TOP'),
    });
  const email = `${unique('seller')}@example.net`.toLowerCase();
  const [staff] = await lango.asOwner<{ id: string }>(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash, reseller_id)
     SELECT s.tenant_id, r.id, $2, 'Seller', s.password_hash, $3 FROM staff s, staff_role r WHERE s.id = $1 AND r.key = 'reseller' AND r.tenant_id IS NULL RETURNING id`,
    [company.staffId.toString(), email, made['id']],
  );
  return {
    id: String(made['id']),
    name: String(made['name']),
    phone: String(made['phone']),
    version: Number(made['version']),
    clientId: String(made['client_id']),
    staffId: staff?.id ?? '',
    email,
    password: company.password,
    api: await lango.signIn(email, company.password),
  };
}

/** A colleague of the company's administrator, who may decide on what the other asks for. */
export async function makeSecondPerson(lango: TestLango): Promise<ApiClient> {
  const email = `${unique('second')}@example.net`.toLowerCase();
  await lango.asOwner(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash) SELECT tenant_id, role_id, $2, 'Second', password_hash FROM staff WHERE id = $1`,
    [lango.company.staffId.toString(), email],
  );
  return lango.signIn(email, lango.company.password);
}
