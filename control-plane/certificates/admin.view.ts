import { formatDay, stateBadge, type Reader, type StateBadge } from '../ui';
import type { Certificate } from './schema';

/** A certificate as a row of the page. */
export function printCertificate(one: Certificate, reader: Reader) {
  const day = (iso: string): string =>
    formatDay(new Date(iso), reader, { day: 'numeric', month: 'short', year: 'numeric' });
  const state = stateOf(one);
  return {
    id: one.id,
    name: one.name,
    serial: one.serial.slice(-8),
    username: one.username,
    href: `/certificates?subscription=${one.subscription_id}`,
    subscription: one.subscription_id,
    state: badge(state, reader),
    ends: day(one.not_after),
    issued: reader.t('certificates.issued_on', { day: day(one.issued_at) }),
    revocable: state === 'valid',
  };
}

/** The machine's clock: it is what devices compare the dates with. */
function stateOf(one: Certificate): 'valid' | 'expired' | 'revoked' {
  if (one.revoked_at !== null) return 'revoked';
  return Date.parse(one.not_after) < Date.now() ? 'expired' : 'valid';
}

function badge(state: 'valid' | 'expired' | 'revoked', reader: Reader): StateBadge {
  const look = { valid: 'active', expired: 'expired', revoked: 'ended' } as const;
  return stateBadge(look[state], reader, { word: reader.t(`certificates.state_${state}`) });
}

/** A file that a link holds, so that its content is in this one page and nowhere else. */
export const fileHref = (type: string, content: string | Buffer): string =>
  `data:${type};base64,${Buffer.from(content).toString('base64')}`;

/** What is handed over once. */
export function printHandover(
  o: { certificatePem: string; keyPem: string; authorityPem: string; pkcs12: Buffer; password: string },
  device: string,
) {
  const file =
    device
      .normalize('NFKD')
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'device';
  return {
    file,
    pkcs12Href: fileHref('application/x-pkcs12', o.pkcs12),
    bundleHref: fileHref('application/x-pem-file', o.certificatePem + o.keyPem + o.authorityPem),
    password: o.password,
  };
}
