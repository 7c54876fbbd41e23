import { projectRoot } from '../../platform/project-root';
import { commit, machine } from '../bench/report';
import { frozenCommit } from './frozen';
import type { Proof, ProofInput, ProofResult } from './proof';

/** One proof as it was run. */
export interface ProofReport extends ProofResult {
  name: string;
  shows: string;
  seed: number;
  took_s: number;
}

/** All that one run of `lango prove` found. */
export interface ProveReport {
  at: string;
  commit: string;
  machine: ReturnType<typeof machine>;
  proofs: ProofReport[];
}

/** Runs one proof; a proof that cannot go on counts as a violation, with its reason. */
export async function runProof(proof: Proof, input: ProofInput): Promise<ProofReport> {
  const began = Date.now();
  let result: ProofResult;
  try {
    result = await proof.run(input);
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    result = { done: {}, violations: [`the proof could not be carried out: ${why}`] };
  }
  const took_s = Math.round((Date.now() - began) / 100) / 10;
  return { name: proof.name, shows: proof.shows, seed: input.seed, took_s, ...result };
}

/** What stands above the proofs in a report. */
export function heading(postgres: string): Omit<ProveReport, 'proofs'> {
  return { at: new Date().toISOString(), commit: frozenCommit() ?? commit(projectRoot()), machine: machine(postgres) };
}

/** The report for people. */
export function render(report: ProveReport): string {
  const m = report.machine;
  const lines = [
    `commit ${report.commit} · ${m.cpu}, ${m.cores} cores, ${m.memory_gib} GiB · Node ${m.node} · Postgres ${m.postgres} · FreeRADIUS ${m.freeradius} · ${report.at}`,
  ];
  for (const proof of report.proofs) {
    const verdict = proof.violations.length === 0 ? 'holds' : `VIOLATED (${proof.violations.length})`;
    lines.push('', `${proof.name}: ${verdict}, seed ${proof.seed}, ${proof.took_s} s`, `  ${proof.shows}`);
    for (const [what, value] of Object.entries(proof.done)) lines.push(`  ${what}: ${figure(value)}`);
    for (const violation of proof.violations) lines.push(`  ! ${violation}`);
  }
  return lines.join('\n');
}

function figure(value: number | string): string {
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 1 }) : value;
}
