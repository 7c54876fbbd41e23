/** The ledger: the only truth about money. Its functions in SQL are the only writers (prisma/functions/ledger.sql). */
export {
  accountFor,
  accountsFor,
  lockAccounts,
  postTransfers,
  type AccountCode,
  type Transfer,
} from './post-transfers';
export { verifyLedger, type LedgerProblem, type LedgerVerdict } from './verify-ledger';
export { listAccounts, type LedgerAccount } from './queries';
