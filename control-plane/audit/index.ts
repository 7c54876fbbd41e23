export { recordAudit, type AuditSubject } from './record-audit';
