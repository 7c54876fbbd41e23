import type { TestLango } from '../../test-kit/lango';

/** A colleague of the test's company who may do everything and has no second proof yet: for walks over every page. */
export async function addWalker(lango: TestLango, locale: 'en' | 'sw'): Promise<{ email: string; password: string }> {
  const email = 'walker@example.net';
  await lango.asOwner(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash, is_super_admin, locale)
     SELECT s.tenant_id, r.id, $2, 'Walker', s.password_hash, true, $3 FROM staff s, staff_role r WHERE s.id = $1 AND r.key = 'super_admin' AND r.tenant_id IS NULL`,
    [lango.company.staffId.toString(), email, locale],
  );
  return { email, password: lango.company.password };
}
