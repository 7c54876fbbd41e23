/** RadSec: routers known by a certificate. The front itself is radius/radsec. */
export { AUTHORITY_KEY, ensureAuthority, NO_COMPANY } from './authority';
export { issueRouterCertificate, type IssueOutcome } from './issue-certificate';
export { findCertificate, findServer, listCertificates } from './queries';
export { revokeCertificate } from './revoke-certificate';
