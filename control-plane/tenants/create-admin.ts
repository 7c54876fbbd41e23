import { emailField, hashPassword, newPasswordField } from '../staff';
import { ownerTransaction } from '../platform/db/owner';

export type CreatedAdmin =
  | { kind: 'created'; tenantName: string }
  /** Nobody new: the person exists and now has this password, is enabled, and every sign-in of theirs has ended. */
  | { kind: 'password_set'; tenantName: string }
  | { kind: 'no_company'; known: string[] };

/**
 * `lango admin create`: an ISP admin of one company (by slug or id; the first company when not named), super admin if asked. For an e-mail that
 * exists it sets a new password, which is how somebody locked out gets in again.
 * @throws for a malformed e-mail or a password shorter than 8 characters
 */
export async function createAdmin(
  ownerUrl: string,
  admin: { email: string; name?: string; password: string; company?: string; superAdmin?: boolean },
): Promise<CreatedAdmin> {
  const email = emailField.parse(admin.email);
  const passwordHash = await hashPassword(newPasswordField.parse(admin.password));
  return ownerTransaction(ownerUrl, 'lango-setup', async (client) => {
    const reset = await client.query<{ name: string }>(
      `UPDATE staff s SET password_hash = $2, disabled_at = NULL FROM tenant t WHERE s.email = $1 AND t.id = s.tenant_id RETURNING t.name, s.id`,
      [email, passwordHash],
    );
    if (reset.rows[0]) {
      const mine = '(SELECT id FROM staff WHERE email = $1)';
      await client.query(
        `UPDATE staff_session SET revoked_at = now() WHERE staff_id = ${mine} AND revoked_at IS NULL`,
        [email],
      );
      await client.query(`UPDATE staff_token SET revoked_at = now() WHERE staff_id = ${mine} AND revoked_at IS NULL`, [
        email,
      ]);
      await client.query('DELETE FROM staff_login_failure WHERE email = $1', [email]);
      return { kind: 'password_set', tenantName: reset.rows[0].name };
    }
    const companies = await client.query<{ id: string; slug: string; name: string }>(
      'SELECT id, slug, name FROM tenant ORDER BY is_demo, id',
    );
    const company = companies.rows.find(
      (row) => admin.company === undefined || row.slug === admin.company || row.id === admin.company,
    );
    if (!company) return { kind: 'no_company', known: companies.rows.map((row) => row.slug) };
    await client.query(
      `INSERT INTO staff (tenant_id, role_id, email, name, password_hash, is_super_admin)
       SELECT $1, r.id, $2, $3, $4, $5 FROM staff_role r WHERE r.tenant_id IS NULL AND r.key = 'isp_admin'`,
      [company.id, email, admin.name ?? 'Administrator', passwordHash, admin.superAdmin ?? false],
    );
    return { kind: 'created', tenantName: company.name };
  });
}
