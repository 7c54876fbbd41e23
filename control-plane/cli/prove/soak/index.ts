import { setTimeout as sleep } from 'node:timers/promises';
import { bookFaults } from '../../../test-kit/verify-books';
import { receiptsOf, startProvider } from '../../bench/payments/town';
import { noteBefore } from '../../bench/payments/verify';
import { settled } from '../chaos';
import { Dice } from '../dice';
import { startProduct, type Product } from '../product';
import { Violations, type Proof, type ProofInput, type ProofResult } from '../proof';
import { act, price_cents, Town, type TownSize } from '../town';
import { MemoryLog } from './memory-log';
import { minutesLife } from './minutes';
import { moneyDiffers, openAccount, untilKnown } from './money';
import { Payers } from './payers';
import { Weather } from './weather';

const SAMPLE_MS = { small: 500, full: 10_000 };

/** Twenty minutes in the life of a company, in which whole months of it happen. */
export const soak: Proof = {
  name: 'soak',
  shows:
    'people whose service lasts seconds and minutes pay, run out, are suspended, while routers lose power and lines, and Postgres and FreeRADIUS die: at the end nobody unpaid is online, nobody who paid is offline, ledger and usage are exact, and no process grew without end',
  minutes: 20,
  run: runSoak,
};

async function runSoak(input: ProofInput): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const small = input.size === 'small';
  const size: TownSize = small ? { routers: 2, residents: 40 } : { routers: 20, residents: 5000 };
  const daraja = await startProvider();
  daraja.rowsPerPage = 500;
  let [product, town]: [Product?, Town?] = [];
  try {
    product = await startProduct({
      LANGO_DARAJA_URL: daraja.baseUrl,
      LANGO_PUBLIC_URL: 'http://isp.example',
      LANGO_API_RATE: '1000000',
    });
    await openAccount(product, daraja);
    input.progress(`${size.residents} people move in`);
    town = await Town.settle(product, size, dice.fork(), minutesLife(small));
    await noteBefore(product.ask.bind(product));
    town.live();
    const payers = new Payers(product, town, daraja, dice.fork(), small ? 4 : 8);
    const weather = new Weather(product, town, dice.fork(), small);
    const lived = await live(input, product, town, dice, () => `${payers.told()}; ${weather.told()}`);
    await weather.end();
    await payers.end();
    input.progress('nothing more happens; what is open must come to its end');
    await product.ready();
    const known_s = await untilKnown(product, receiptsOf(daraja), violations);
    await town.rest();
    const { agreed_ms, compared } = await settled(product, town, violations);
    for (const text of await moneyDiffers(product.ask.bind(product), receiptsOf(daraja), price_cents))
      violations.add(text);
    for (const text of await bookFaults(product.ownerUrl)) violations.add(text);
    if (!small) lived.memory.judge(violations);
    return {
      done: {
        'people on routers': `${size.residents} on ${size.routers}`,
        payments: payers.told(),
        'what befell them': weather.told(),
        'services that ran out': await ranOut(product),
        'actions of staff': lived.actions,
        'accounting records acknowledged': town.witness.acknowledged,
        'records given up by a router after three tries': town.witness.lost,
        sessions: town.witness.sessions,
        'sessions whose row equals the last report': compared.exact,
        'bytes compared': Number(compared.bytes),
        'seconds until the books knew every payment': known_s,
        'seconds until routers and subscriptions agreed': agreed_ms / 1000,
        'MiB resident, second quarter, last quarter': lived.memory.summary(),
      },
      violations: violations.found,
    };
  } finally {
    await town?.close();
    await product?.stop();
    await daraja.stop();
  }
}

/** Staff act on people until the time is over; payments and the weather go on by themselves. */
async function live(
  input: ProofInput,
  product: Product,
  town: Town,
  dice: Dice,
  told: () => string,
): Promise<{ memory: MemoryLog; actions: number }> {
  const memory = new MemoryLog();
  let actions = 0;
  const began = Date.now();
  const end = began + Math.max(input.minutes * 60_000, 12_000);
  for (let said = began; Date.now() < end; actions++) {
    await act(product, dice.pick(town.residents), dice.fork(), 0);
    memory.sample(product, SAMPLE_MS[input.size]);
    if (Date.now() - said > 60_000) {
      said = Date.now();
      input.progress(`${Math.round((said - began) / 60_000)} min: ${told()}; MiB: ${memory.latest()}`);
    }
    await sleep(500);
  }
  return { memory, actions };
}

/** Ends of validity that have passed: each was a cut or a way into the walled garden. */
async function ranOut(product: Product): Promise<string> {
  const [row] = await product.ask<{ n: string }>(
    `SELECT (SELECT sum(s.cycle_no - b.cycle_no) FROM subscription s JOIN bench_before b ON b.subscription_id = s.id)::text AS n`,
  );
  const [over] = await product.ask<{ n: string }>(
    `SELECT count(*)::text AS n FROM subscription_now WHERE state = 'expired'`,
  );
  return `${over?.n} are over at the end, ${row?.n} were bought again`;
}
