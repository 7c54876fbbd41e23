import { loadavg, tmpdir } from 'node:os';
import { embeddedBinaries } from '../../platform/postgres/binaries';
import { projectRoot } from '../../platform/project-root';
import { makePackage, type Json } from '../../test-kit/story';
import { startProduct } from '../prove/product';
import { commit, machine } from './report';

export interface VouchersOptions {
  /** Codes of one batch, 100,000 at most. */
  codes: number;
  batches: number;
  progress: (line: string) => void;
}

export interface VouchersReport {
  at: string;
  commit: string;
  machine: ReturnType<typeof machine>;
  load: [before: number, after: number];
  codes: number;
  /** Of each batch, from the request to its answer. */
  made_s: number[];
  /** Different codes that stand in the database afterwards. */
  stored: number;
}

/** `npm run bench -- --only vouchers [--codes N] [--rounds N]`. */
export function readVouchers(value: (name: string) => string | undefined): Omit<VouchersOptions, 'progress'> {
  return { codes: Number(value('--codes') ?? 100_000), batches: Number(value('--rounds') ?? 3) };
}

/** Large batches of vouchers, one after another through the API of the whole product, on a Postgres with fsync on. */
export async function runVouchers(o: VouchersOptions): Promise<VouchersReport> {
  const before = loadavg()[0] ?? 0;
  const product = await startProduct();
  try {
    const sold = await makePackage(product.api);
    const made_s: number[] = [];
    for (let batch = 0; batch < o.batches; batch += 1) {
      const from = performance.now();
      const answer = await product.api.post<Json>('/vouchers/batches', {
        package_id: String(sold['id']),
        count: o.codes,
      });
      made_s.push((performance.now() - from) / 1000);
      if (answer.status !== 201) throw new Error(`the batch answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      o.progress(`${o.codes} codes in ${made_s.at(-1)?.toFixed(1)} s`);
    }
    const [row] = await product.ask<{ stored: number }>('SELECT count(DISTINCT code)::int AS stored FROM voucher');
    return {
      at: new Date().toISOString(),
      commit: commit(projectRoot()),
      machine: machine(embeddedBinaries(undefined, tmpdir()).version),
      load: [before, loadavg()[0] ?? 0],
      codes: o.codes,
      made_s,
      stored: row?.stored ?? 0,
    };
  } finally {
    await product.stop();
  }
}

/** Whether every code that was asked for is there, none twice. */
export const vouchersHold = ({ codes, made_s, stored }: VouchersReport): boolean => stored === codes * made_s.length;

export function renderVouchers(report: VouchersReport): string {
  const times = report.made_s.map((one) => one.toFixed(1)).join(', ');
  return [
    `Batches of ${report.codes} vouchers (${report.commit}, load ${report.load[0]} to ${report.load[1]}): ${times} s`,
    vouchersHold(report) ? 'Every code is there, none twice.' : `ONLY ${report.stored} CODES ARE THERE.`,
  ].join('\n');
}
