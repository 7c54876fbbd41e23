/** The pages about people, roles, the company and what programs may do, in both themes and widths, with something on each of them. */
import type { Browser } from 'playwright-core';
import { errorsOf, faultsOf, openBrowser, signedIn } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';

let lango: TestLango;
let browser: Browser;
let pages: string[];

beforeAll(async () => {
  lango = await startTestLango();
  await lango.setRole(lango.company, 'super_admin');
  const company = String(lango.company.tenantId);
  await lango.asOwner('UPDATE staff SET is_super_admin = true WHERE id = $1', [String(lango.company.staffId)]);
  const other = await lango.addCompany('Kilimani Broadband and Wireless Services');
  await lango.asOwner(`UPDATE tenant SET status = 'pending' WHERE id = $1`, [String(other.tenantId)]);
  const colleague = await lango.api.post<{ id: string }>('/staff', {
    email: 'wanjiru.kamau@a-rather-long-name-of-a-provider.example',
    name: 'Wanjiru Kamau',
    password: 'kiboko-mtoni-42',
    role: 'technician',
  });
  const [role] = await lango.asOwner<{ id: string }>(
    `WITH role AS (INSERT INTO staff_role (tenant_id, key, name) VALUES ($1, 'night', 'Night shift') RETURNING id)
     INSERT INTO staff_role_permission (role_id, permission) SELECT id, unnest('{sessions.read,routers.read}'::text[]) FROM role RETURNING role_id AS id`,
    [company],
  );
  await lango.api.post('/tokens', { name: 'Accounts export', scopes: ['payments.read', 'subscribers.read'], days: 90 });
  pages = [
    '/staff',
    '/staff?state=blocked',
    '/staff/new',
    `/staff/${colleague.body.id}`,
    '/staff/roles',
    '/staff/roles/new',
    `/staff/roles/${role?.id}`,
    '/staff/me',
    '/tenants',
    `/tenants/${other.tenantId}`,
    '/tenants/settings',
    '/tokens',
    '/tokens/new',
    '/requests',
    '/requests/errors',
    '/audit',
  ];
  browser = await openBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

test.each([
  ['light', 1280],
  ['dark', 360],
] as const)(
  'in %s at %i px they pass axe, stay within the screen and break no policy',
  async (colorScheme, width) => {
    const options = { colorScheme, viewport: { width, height: 800 } };
    const { page, context } = await signedIn(browser, lango, lango.company, options);
    const errors = errorsOf(page);
    const found: Record<string, unknown> = {};
    for (const path of pages) {
      const status = (await page.goto(lango.baseUrl + path))?.status();
      const faults = await faultsOf(page, `staff${path.replaceAll(/\W/g, '-')}-${colorScheme}-${width}`);
      if (status !== 200 || faults.length > 0) found[path] = { status, faults };
    }
    await context.close();
    expect(found).toEqual({});
    expect(errors).toEqual([]);
  },
  60_000,
);
