export { actionKey, actionWords } from './action-words';
export {
  auditRows,
  recordAudit,
  recordAudits,
  type AuditEntry,
  type AuditSubject,
  type Signature,
} from '../platform/record-audit';
export { verifyAudit, type AuditVerdict } from './verify-audit';
