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

/** `lango ledger verify`: recomputes every balance and entry of every company. */
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
  process.stdout.write(`The ledger balances: ${accounts} accounts, ${transfers} transfers.\n`);
}
