import { Client } from 'pg';
import type { ApiClient } from '../../../test-kit/api-client';
import { startTestLango, type TestLango } from '../../../test-kit/lango';
import { make, makeClient, makePackage, makeRouter, unique, type Json } from '../../../test-kit/story';
import { Dice } from '../dice';
import { Violations, type Proof, type ProofInput, type ProofResult } from '../proof';
import { proofDatabase } from '../proof-database';
import { Network } from './network';
import { Oracle, type Verdict } from './oracle';
import { makeTerms } from './terms';

/** Random plans and what may befall a subscription on them, held against a second implementation of the rules at every step. */
export const entitlement: Proof = {
  name: 'entitlement',
  shows:
    'who may be online, at which speed and until when is as the plan was sold, whatever came before, and the network is told of every change',
  minutes: 5,
  run: async (input) => {
    const db = await proofDatabase();
    try {
      return await proveEntitlement(input, () => startTestLango({ db }));
    } finally {
      await db.drop();
    }
  },
};

interface Person {
  id: string;
  username: string;
  oracle: Oracle;
  verdict?: Verdict;
  /** What happened, for the report of a violation. */
  story: string[];
}

/** A Tuesday; far enough from the turn of a year for months to be added. */
const BEGIN_MS = Date.parse('2026-03-03T06:07:00Z');
const MINUTE_MS = 60_000;

/** The same on a Lango that `start` gives. Small: one small town and 14 steps. */
export async function proveEntitlement(input: ProofInput, start: () => Promise<TestLango>): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const done = { towns: 0, subscriptions: 0, changes: 0, records: 0, logins: 0, 'orders to the network': 0 };
  const lango = await start();
  const owner = new Client({ connectionString: lango.db.ownerUrl });
  await owner.connect();
  try {
    const end = Date.now() + input.minutes * MINUTE_MS;
    do {
      done.towns++;
      const town = await moveIn(lango, owner, dice, input.size === 'small' ? 16 : 60);
      done.subscriptions += town.people.length;
      let clock_ms = BEGIN_MS + (done.towns - 1) * 86_400_000 * 200;
      for (let step = 0; step < (input.size === 'small' ? 14 : 60); step++) {
        clock_ms = await moveClock(owner, clock_ms, dice);
        // Sometimes alarms are late: what a login is told must not depend on them.
        if (dice.chance(0.5)) await town.network.workAlarms(town.people);
        for (const person of town.people) if (dice.chance(0.5)) done.changes += await befall(town, person, dice);
        await town.network.workAlarms(town.people);
        done.records += await town.network.report(town.people, dice);
        const verdicts = await agree(town, violations);
        done.logins += verdicts.size;
        done['orders to the network'] += await town.network.obey(verdicts, violations);
        if (violations.found.length > 0) break;
      }
      input.progress(`${done.subscriptions} subscriptions, ${done.logins} logins compared`);
    } while (input.size === 'full' && Date.now() < end && violations.found.length === 0);
    return { done, violations: violations.found };
  } finally {
    await owner.end();
    await lango.stop();
  }
}

interface Town {
  api: ApiClient;
  owner: Client;
  people: Person[];
  network: Network;
}

async function moveIn(lango: TestLango, owner: Client, dice: Dice, size: number): Promise<Town> {
  const company = await lango.addCompany();
  const { api } = company;
  const zone = 'Africa/Nairobi';
  const router = await makeRouter(api);
  const client = await makeClient(api);
  await setClock(owner, BEGIN_MS);
  const people: Person[] = [];
  for (let n = 0; n < size; n++) {
    const terms = makeTerms(dice);
    const sold = await makePackage(api, { ...terms, simultaneous_use: 10, interim_s: 300 });
    const username = unique('p');
    const made = await make(api, '/subscriptions', {
      client_id: String(client['id']),
      package_id: String(sold['id']),
      username,
      password: 'x',
    });
    people.push({ id: String(made['id']), username, oracle: new Oracle(terms, zone), story: [JSON.stringify(terms)] });
  }
  return { api, owner, people, network: new Network(lango, owner, company.tenantId.toString(), String(router['id'])) };
}

async function setClock(owner: Client, at_ms: number): Promise<void> {
  await owner.query(`UPDATE platform_clock SET shift = to_timestamp($1::float8 / 1000) - now()`, [at_ms]);
}

/** Minutes to days on, to a minute well inside a half hour: rules change on the half, and the proof itself takes a few seconds. */
async function moveClock(owner: Client, from_ms: number, dice: Dice): Promise<number> {
  const jump = dice.pick([10, 45, 100, 300, 700, 2000]) * MINUTE_MS;
  const half = Math.floor((from_ms + dice.between(1, jump)) / (30 * MINUTE_MS)) * 30 * MINUTE_MS;
  const to_ms = Math.max(half + dice.between(3, 24) * MINUTE_MS, from_ms + MINUTE_MS);
  await setClock(owner, to_ms);
  return to_ms;
}

type Act = [path: string, body: Json, tell: (oracle: Oracle, at_ms: number) => void];

/** Something happens to a subscription, if its state allows it. Gives how many changes that were. */
async function befall({ api }: Town, person: Person, dice: Dice): Promise<number> {
  const hours = dice.between(1, 40);
  const bytes = dice.between(1, 8) * 1_000_000;
  const acts: Act[] = [
    ['activate', {}, (o, at) => o.buy(at)],
    ['activate', {}, (o, at) => o.buy(at)],
    ['renew', {}, (o, at) => o.buy(at)],
    ['extend', { count: hours, unit: 'hour' }, (o, at) => o.extend(at, hours)],
    ['suspend', { reason: 'x' }, (o, at) => o.suspend(at)],
    ['resume', {}, (o, at) => o.resume(at)],
    ['resume', {}, (o, at) => o.resume(at)],
    ['pause', {}, (o, at) => o.pause(at)],
    ['top-up', { bytes }, (o, at) => o.topUp(at, bytes)],
    ['top-up', { bytes }, (o, at) => o.topUp(at, bytes)],
  ];
  // Who is offline for want of money mostly buys: nothing happens to those who are not served.
  const needy = ['unpaid', 'expired', 'capped', 'time_used_up'].includes(person.verdict?.reason ?? 'unpaid');
  const begun = person.oracle.starts_ms !== null;
  const [path, body, tell] = (needy && dice.chance(0.7) ? acts[begun ? 2 : 0] : undefined) ?? dice.pick(acts);
  const answer = await api.post<Json>(`/subscriptions/${person.id}/${path}`, body);
  if (answer.status !== 200) return 0;
  const at_ms = Date.parse(String(answer.body['updated_at']));
  tell(person.oracle, at_ms);
  person.story.push(`${new Date(at_ms).toISOString()} ${path} ${JSON.stringify(body)}`);
  return 1;
}

/** Asks a login for everybody and compares. */
async function agree(
  { owner, people, network }: Town,
  violations: Violations,
): Promise<Map<Person, Verdict & { at_ms: number }>> {
  const verdicts = new Map<Person, Verdict & { at_ms: number }>();
  for (const person of people) {
    const seen = await network.login(person.username);
    verdicts.set(person, seen);
    person.verdict = seen;
    const meant = person.oracle.judge(seen.at_ms);
    const fault = differs(seen, meant) ?? (await figuresDiffer(owner, person));
    if (fault === undefined) continue;
    const what = `${new Date(seen.at_ms).toISOString()} ${JSON.stringify(seen)}, expected ${JSON.stringify(meant)}`;
    violations.add(`${fault} of ${person.username}: ${what}\n${person.story.join('\n')}`);
  }
  return verdicts;
}

async function figuresDiffer(owner: Client, person: Person): Promise<string | undefined> {
  const { rows } = await owner.query<{ at_ms: number; used: number; allowance: number | null; ends_ms: number | null }>(
    `SELECT (extract(epoch FROM lango_now()) * 1000)::float8 AS at_ms, used_bytes::float8 AS used, allowance_bytes::float8 AS allowance,
       (extract(epoch FROM cycle_ends_at) * 1000)::float8 AS ends_ms FROM subscription_now WHERE id = $1`,
    [person.id],
  );
  const seen = rows[0]!;
  const meant = person.oracle.figures(seen.at_ms);
  if (seen.used !== meant.used) return `used bytes ${seen.used} instead of ${meant.used}`;
  if (seen.allowance !== meant.allowance) return `allowance ${seen.allowance} instead of ${meant.allowance}`;
  // Of one that is not served a period that is over is not followed by another.
  const served = person.verdict?.decision === 'accept';
  if (served && seen.ends_ms !== meant.cycleEnds_ms)
    return `period until ${seen.ends_ms} instead of ${meant.cycleEnds_ms}`;
  return undefined;
}

function differs(seen: Verdict, meant: Verdict): string | undefined {
  if (seen.decision !== meant.decision) return 'decision';
  if (seen.reason !== meant.reason) return 'reason';
  if (meant.decision === 'accept' && seen.rate !== meant.rate) return 'rate';
  if (meant.until_ms !== null && seen.until_ms !== null && Math.abs(seen.until_ms - meant.until_ms) > 2000)
    return 'end';
  return undefined;
}
