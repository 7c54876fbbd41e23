import { formatDay, stateBadge, type Column, type Reader, type StateBadge } from '../ui';
import type { Certificate } from './schema';

export const certificateStates = ['valid', 'expired', 'revoked'] as const;

const dayOf = (iso: string, reader: Reader): string =>
  formatDay(new Date(iso), reader, { day: 'numeric', month: 'short', year: 'numeric' });

/** A certificate in a list that may offer to revoke it. */
export type Listed = Certificate & { mayRevoke: boolean };

export const certificateColumns: Column<Listed>[] = [
  {
    key: 'device',
    label: 'certificates.device',
    isName: true,
    cell: ({ name, serial }) => ({ first: name, second: `…${serial.slice(-8)}`, secondId: true }),
    csv: ({ name }) => name,
  },
  {
    key: 'state',
    label: 'certificates.state',
    card: 'card-end',
    cell: (one, reader) => ({ state: badge(stateOf(one), reader) }),
    csv: stateOf,
  },
  {
    key: 'username',
    label: 'certificates.username',
    cell: ({ username, subscription_id }) => ({
      first: username,
      id: true,
      href: `/certificates?subscription=${subscription_id}`,
    }),
    csv: ({ username }) => username,
  },
  {
    key: 'serial',
    label: 'certificates.serial',
    extra: true,
    card: 'not-in-card',
    cell: ({ serial }) => ({ first: serial, id: true }),
    csv: ({ serial }) => serial,
  },
  {
    key: 'ends',
    label: 'certificates.ends',
    num: true,
    card: 'card-end',
    cell: (one, reader) => ({
      first: dayOf(one.not_after, reader),
      second: reader.t('certificates.issued_on', { day: dayOf(one.issued_at, reader) }),
    }),
    csv: ({ not_after }) => not_after,
  },
  {
    key: 'revoke',
    label: 'certificates.revoke',
    num: true,
    acts: true,
    card: 'card-top',
    cell: (one, { t }) =>
      one.mayRevoke && stateOf(one) === 'valid'
        ? {
            act: {
              to: `/certificates/${one.id}/revoke`,
              label: t('certificates.revoke'),
              spoken: `${t('certificates.revoke')}: ${one.name}`,
              cut: true,
              fields: [{ name: 'subscription', value: one.subscription_id }],
            },
          }
        : {},
  },
];

type CertificateState = (typeof certificateStates)[number];

/** The machine's clock: it is what devices compare the dates with. */
function stateOf(one: Certificate): CertificateState {
  if (one.revoked_at !== null) return 'revoked';
  return Date.parse(one.not_after) < Date.now() ? 'expired' : 'valid';
}

function badge(state: CertificateState, reader: Reader): StateBadge {
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
