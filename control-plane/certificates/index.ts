/** Certificates of 802.1X: the authority that devices trust, and those by which devices sign in. */
export { ensureServerCertificates, SERVER_NAME, type ServerCertificates } from './authority';
