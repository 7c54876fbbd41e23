/** A primary that loses its power, and its standby that takes over (docs/operate/two-machines.md): real streaming replication, the whole product before it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { moneyAgrees, settled, Staff } from '../cli/prove/chaos';
import { Dice } from '../cli/prove/dice';
import { startProduct, type Product } from '../cli/prove/product';
import { Violations } from '../cli/prove/proof';
import { Town } from '../cli/prove/town';
import { ensureDatabase } from '../platform/postgres/embedded';
import { Cable } from '../test-kit/cable';
import { startPostgresPair, type PostgresPair } from '../test-kit/standby';

jest.setTimeout(240_000);

const cable = new Cable();
const undo: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** The one address by which the product knows Postgres, as HAProxy or a managed service gives it. */
async function lead(pair: PostgresPair, url: string): Promise<string> {
  const named = new URL(url);
  named.pathname = new URL(await ensureDatabase(url, 'lango')).pathname;
  return cable.lay(named.href);
}

test('the standby takes over: no acknowledged record or confirmed payment is lost or doubled, and the network does what was sold', async () => {
  const pair = await startPostgresPair();
  undo.push(
    () => pair.stop(),
    () => cable.unplug(),
  );
  const product: Product = await startProduct({ DATABASE_URL: await lead(pair, pair.primaryUrl) });
  undo.push(() => product.stop());
  const dice = new Dice(20_261_122);
  const town = await Town.settle(product, { routers: 2, residents: 24 }, dice.fork());
  undo.push(() => town.close());
  town.live();
  const staff = new Staff(product, town.residents, dice.fork());
  await sleep(5000);
  const before = { records: town.witness.acknowledged, payments: staff.confirmedPayments };

  await pair.killPrimary();
  await cable.unplug();
  await sleep(3000);
  await pair.promote();
  await lead(pair, pair.standbyUrl);
  await product.ready();
  await sleep(5000);

  await staff.end();
  await town.rest();
  const violations = new Violations();
  const { compared } = await settled(product, town, violations);
  await moneyAgrees(product, staff, violations);
  expect(violations.found).toEqual([]);
  // There was something to lose, and it went on afterwards.
  expect(before.records).toBeGreaterThan(50);
  expect(before.payments).toBeGreaterThan(2);
  expect(town.witness.acknowledged).toBeGreaterThan(before.records + 50);
  expect(staff.confirmedPayments).toBeGreaterThan(before.payments);
  expect(compared.exact).toBeGreaterThanOrEqual(24);
});
