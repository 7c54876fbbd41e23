import { existsSync, readFileSync } from 'node:fs';
import { startTestLango } from '../test-kit/lango';
import { makePackage, makeSubscription } from '../test-kit/story';
import { openBrowser, signedIn } from '../admin/testing/browser';
jest.setTimeout(300_000);
test('shots', async () => {
  const lango = await startTestLango();
  const browser = await openBrowser();
  try {
    const plan = await makePackage(lango.api, { name: 'Home 20', price_cents: 250000, validity: { count: 1, unit: 'month' }, down_kbps: 20000, up_kbps: 10000, quota_bytes: 200e9, on_quota: 'throttle', throttle_down_kbps: 1000, throttle_up_kbps: 1000,
      fair_use: [{ at_bytes: 100e9, down_kbps: 10000, up_kbps: 5000 }], time_rules: [{ days: [1,2,3,4,5,6,7], from: '22:00', to: '06:00', counts_percent: 0, down_kbps: 40000, up_kbps: 20000 }], burst: { down_kbps: 30000, up_kbps: 15000 }, contract: { months: 12, early_fee_cents: 500000 } });
    await lango.api.patch(`/packages/${plan.id}`, { price_cents: 260000 });
    const ctx = { lango, plan, makePackage, makeSubscription };
    const list = existsSync('/tmp/C/shots.json') ? JSON.parse(readFileSync('/tmp/C/shots.json', 'utf8')) : [];
    for (const [scheme, width] of [['light', 1280], ['dark', 360]] as const) {
      const { page, context } = await signedIn(browser, lango, lango.company, { colorScheme: scheme, viewport: { width, height: 900 } });
      for (const [name, path] of list as [string, string][]) {
        const answer = await page.goto(lango.baseUrl + path.replace('PLAN', String(plan.id)));
        console.log(name, answer?.status());
        await page.screenshot({ path: `/tmp/C/${name}-${width}.png`, fullPage: true });
      }
      await context.close();
    }
    void ctx;
  } finally { await browser.close(); await lango.stop(); }
});
