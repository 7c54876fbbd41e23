import { startTestLango } from '../test-kit/lango';
import type { TestLango } from '../test-kit/lango';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
}, 60_000);
afterAll(() => lango.stop());

test('scratch', async () => {
  const signIn = await fetch(`${lango.baseUrl}/login`, {
    method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded', origin: lango.baseUrl },
    body: new URLSearchParams({ email: lango.company.email, password: lango.company.password }),
  });
  console.log(signIn.status, signIn.headers.get('set-cookie'), (await signIn.text()).slice(0, 500));
  const cookie = signIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  for (const path of ['/', '/dashboard', '/sessions', '/sessions/rows', '/sessions/totals', '/nowhere', '/dashboard/money']) {
    const page = await fetch(lango.baseUrl + path, { headers: { cookie }, redirect: 'manual' });
    console.log(path, page.status, (await page.text()).slice(0, 300));
  }
});
