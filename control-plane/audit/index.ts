export { recordAudit, type AuditSubject } from './record-audit';
export { verifyAudit, type AuditVerdict } from './verify-audit';
