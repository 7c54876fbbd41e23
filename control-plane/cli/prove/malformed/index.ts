import { Dice } from '../dice';
import { startProduct, type Product } from '../product';
import { Violations, type Proof, type ProofInput, type ProofResult } from '../proof';
import { floodBodies } from './bodies';
import { RubbishNas } from './datagrams';

const sizes = {
  small: { datagrams: 3000, sessions: 3, bodies: 300 },
  full: { datagrams: 100_000, sessions: 50, bodies: 10_000 },
};

/** Rubbish at every door: accounting, answers to the enforcer, bodies of the API. */
export const malformed: Proof = {
  name: 'malformed',
  shows:
    'mutated packets and bodies end no process, get a drop or a clear refusal, and good ones among them are served',
  minutes: 3,
  run: runMalformed,
};

async function runMalformed(input: ProofInput): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const size = sizes[input.size];
  const product = await startProduct();
  let nas: RubbishNas | undefined;
  try {
    nas = await RubbishNas.start(product, dice.fork());
    const before = listed(product);
    const end = Date.now() + input.minutes * 60_000;
    let bodies = 0;
    const statuses: Record<string, number> = {};
    do {
      await nas.flood(size.datagrams);
      input.progress(`${nas.sent} mutated accounting requests`);
      const some = await floodBodies(product, size.bodies, dice.fork(), violations);
      for (const [status, times] of Object.entries(some)) statuses[status] = (statuses[status] ?? 0) + times;
      bodies += size.bodies;
      input.progress(`${bodies} wrong bodies`);
    } while (input.size === 'full' && Date.now() < end && violations.found.length === 0);
    await nas.disconnectAll(size.sessions, violations);
    input.progress(`${nas.answered} mutated answers to Disconnects`);
    violations.expect('processes', listed(product), before);
    await product.ready(15_000);
    return {
      done: {
        'mutated accounting requests': nas.sent,
        'mutated answers to Disconnects': nas.answered,
        'wrong bodies': bodies,
        'answers by status': Object.entries(statuses)
          .map(([status, times]) => `${status} ${times}×`)
          .join(', '),
        processes: before,
      },
      violations: violations.found,
    };
  } finally {
    await nas?.close();
    await product.stop();
  }
}

/** Names and pids: none of them may change. */
function listed(product: Product): string {
  return product
    .processes()
    .map(({ name, pid }) => `${name} ${pid}`)
    .sort()
    .join(', ');
}
