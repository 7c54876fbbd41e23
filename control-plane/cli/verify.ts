import { verifyAudit } from '../audit';
import { verifyLedger } from '../ledger';
import type { Config } from '../platform/config';
import { step } from './step';
import { StartError } from './start-error';
import { withOwner } from './with-database';

/** `lango audit verify`: recomputes the hash chain over every sealed event. */
export async function auditVerify(config: Config): Promise<void> {
  const { checked, head, unsealed, problem } = await withOwner(config, (client) =>
    step('checking the audit chain', () => verifyAudit(client)),
  );
  if (problem) throw new StartError(`The audit trail was changed: ${problem} Compare with a backup from before.`);
  process.stdout.write(`${checked} audit events hold together, ${unsealed} wait for their seal. Head: ${head}\n`);
}

/** What hangs on the ledger and has a check of its own: each tells what does not agree with it, in `problem`. */
const BESIDE = ['invoice_verify', 'payment_refund_verify', 'payment_cheque_verify', 'payment_match_verify'] as const;

/** `lango ledger verify`: recomputes every balance and entry of every company, and holds invoices, refunds and statements against them. */
export async function ledgerVerify(config: Config): Promise<void> {
  const { ok, accounts, transfers, problems } = await withOwner(config, (client) =>
    step('checking the ledger', () => verifyLedger(client)),
  );
  if (!ok) {
    const lines = problems
      .slice(0, 20)
      .map(
        (p) =>
          `  company ${p.tenant_id}, account ${p.account_id ?? '-'}, transfer ${p.transfer_id ?? '-'}: ${p.problem}`,
      );
    throw new StartError(
      `The ledger does not balance in ${problems.length} places:\n${lines.join('\n')}\nTake no payments until somebody has looked at them.`,
    );
  }
  const beside = await withOwner(config, (client) =>
    step('checking invoices, refunds and statements', async () => {
      const found: string[] = [];
      for (const check of BESIDE) {
        const { rows } = await client.query<{ tenant_id: string; problem: string; expected: string; found: string }>(
          `SELECT tenant_id, problem, expected, found FROM ${check}() LIMIT 20`,
        );
        found.push(
          ...rows.map((r) => `  company ${r.tenant_id}: ${r.problem} (expected ${r.expected}, found ${r.found})`),
        );
      }
      return found;
    }),
  );
  if (beside.length > 0)
    throw new StartError(
      `The ledger balances, and what hangs on it does not agree in ${beside.length} places:\n${beside.join('\n')}\nGive nothing back until somebody has looked at them.`,
    );
  process.stdout.write(
    `The ledger balances: ${accounts} accounts, ${transfers} transfers. Invoices, refunds and statements agree with it.\n`,
  );
}
