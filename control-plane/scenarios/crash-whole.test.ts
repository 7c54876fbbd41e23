import { chaos } from '../cli/prove/chaos';
import { startProduct } from '../cli/prove/product';
import { Violations } from '../cli/prove/proof';
import { Town } from '../cli/prove/town';
import { until } from '../test-kit/until';
import { Dice } from '../cli/prove/dice';

jest.setTimeout(240_000);

test('kill -9 of each part in turn under load, and standstills: no acknowledged record lost or counted twice, no cut forgotten, nobody locked out', async () => {
  const progress: string[] = [];
  const result = await chaos.run({
    seed: 20261121,
    minutes: 0,
    size: 'small',
    progress: (line) => progress.push(line),
  });
  expect(result.violations).toEqual([]);
  // Every target was hit while records flowed.
  expect(result.done['kills']).toMatch(/a listener process 1×/);
  expect(result.done['kills']).toMatch(/Postgres 1×/);
  expect(result.done['kills']).toMatch(/the enforcer 1×/);
  expect(result.done['kills']).toMatch(/all listeners 1×/);
  expect(result.done['standstills of 2 to 6 seconds']).toMatch(/Postgres 1×/);
  expect(Number(result.done['accounting records acknowledged'])).toBeGreaterThan(200);
  expect(Number(result.done['sessions'])).toBeGreaterThan(40);
  expect(Number(result.done['people not entitled at the end'])).toBeGreaterThan(0);
  expect(result.done['wishes of the enforcer']).toMatch(/cut proven (stop|new_session)/);
});

test('the witness at the routers sees one byte too few, one too many and a session that is missing', async () => {
  const product = await startProduct();
  const town = await Town.settle(product, { routers: 1, residents: 4 }, new Dice(5));
  try {
    for (const session of town.routers[0]!.sessions) session.addTraffic(1000, 5000);
    await town.lastWords();
    const compare = async (): Promise<string[]> => {
      const violations = new Violations();
      await town.witness.judge(product, violations, town.witness.mark());
      return violations.found;
    };
    // What the listener kept on disk because the database was slow comes a moment later.
    await until(compare, (found) => found.length === 0);
    const [first] = await product.ask<{ radacctid: string }>('SELECT radacctid FROM session_live ORDER BY 1 LIMIT 1');
    const id = first!.radacctid;
    await product.ask('UPDATE session_live SET input_bytes = input_bytes - 1 WHERE radacctid = $1', [id]);
    expect((await compare()).join()).toMatch(/were acknowledged/);
    await product.ask('UPDATE session_live SET input_bytes = input_bytes + 2 WHERE radacctid = $1', [id]);
    expect((await compare()).join()).toMatch(/were sent.*in its hours/);
    await product.ask('DELETE FROM session_live WHERE radacctid = $1', [id]);
    expect((await compare()).join()).toMatch(/is not in the database/);
  } finally {
    await town.close();
    await product.stop();
  }
});
