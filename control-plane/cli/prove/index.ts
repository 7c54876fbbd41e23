import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { embeddedBinaries } from '../../platform/postgres/binaries';
import { readOptions } from '../options';
import { StartError } from '../start-error';
import { chaos } from './chaos';
import { frozenCommit, proveFrozen } from './frozen';
import { enforcement } from './enforcement';
import { entitlement } from './entitlement';
import { histories } from './histories';
import { malformed } from './malformed';
import { money } from './money';
import { outage } from './outage';
import { payments } from './payments';
import type { Proof } from './proof';
import { heading, render, runProof, type ProofReport } from './report';
import { soak } from './soak';

/** In the order in which they run. */
export const proofs: readonly Proof[] = [
  histories,
  entitlement,
  enforcement,
  money,
  payments,
  malformed,
  chaos,
  outage,
  soak,
];

/**
 * `npm run prove [-- --only NAME] [--seed N] [--minutes M] [--json FILE]`. Exit code 1 when one of them is violated.
 * @throws StartError for an option that cannot be read
 */
export async function prove(args: readonly string[]): Promise<number> {
  const options = readOptions(args, ['only', 'seed', 'minutes', 'json']);
  const one = (name: string): string | undefined => options.get(name)?.at(-1);
  const chosen = choose(options.get('only'));
  const seed = number('seed', one('seed')) ?? Math.floor(Math.random() * 2 ** 31);
  const minutes = number('minutes', one('minutes'));
  if (frozenCommit() === undefined) return proveFrozen(args);
  const done: ProofReport[] = [];
  for (const proof of chosen) {
    process.stderr.write(`${proof.name} (seed ${seed}): ${proof.shows}\n`);
    const progress = (line: string): void => void process.stderr.write(`   ${line}\n`);
    done.push(await runProof(proof, { seed, minutes: minutes ?? proof.minutes, size: 'full', progress }));
  }
  const report = { ...heading(embeddedBinaries(undefined, tmpdir()).version), proofs: done };
  process.stdout.write(`\n${render(report)}\n`);
  const file = one('json');
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  return done.every((proof) => proof.violations.length === 0) ? 0 : 1;
}

function choose(names: string[] | undefined): readonly Proof[] {
  if (names === undefined) return proofs;
  const wanted = names.flatMap((name) => name.split(','));
  const known = proofs.map((proof) => proof.name);
  for (const name of wanted)
    if (!known.includes(name)) throw new StartError(`There is no proof ${name}. Proofs: ${known.join(', ')}.`);
  return proofs.filter((proof) => wanted.includes(proof.name));
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new StartError(`--${name} must be a number, not ${text}.`);
  return value;
}
