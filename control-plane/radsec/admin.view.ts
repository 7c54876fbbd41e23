import { formatDay, formatMoment, stateBadge, type Reader, type StateBadge, type StateName } from '../ui';
import type { Handover } from './issue-certificate';
import type { Certificate, ServerCertificate } from './schema';

const LOOK: Record<Certificate['state'], StateName> = {
  connected: 'online',
  valid: 'offline',
  ends_soon: 'grace',
  expired: 'expired',
  revoked: 'ended',
};

/** A certificate as a row of a page. */
export function printCertificate(one: Certificate, reader: Reader) {
  const { t } = reader;
  const day = (iso: string): string =>
    formatDay(new Date(iso), reader, { day: 'numeric', month: 'short', year: 'numeric' });
  return {
    id: one.id,
    router: one.router_name,
    routerId: one.router_id,
    href: `/routers/${one.router_id}/certificate`,
    serial: one.serial.slice(-8),
    key: t(one.key_is_theirs ? 'radsec.key_theirs' : 'radsec.key_handed'),
    state: badge(one, reader),
    ends: day(one.not_after),
    issued: t('radsec.issued_by', { day: day(one.issued_at), person: one.issued_by }),
    peer: one.connection ? `${one.connection.peer.split(' ')[0]} · ${one.connection.protocol}` : '–',
    since: one.connection ? t('radsec.since', { at: formatMoment(new Date(one.connection.since), reader) }) : '',
    /** Said of one that still stands and of which a successor is due. */
    old: one.authority === 'old' && one.state !== 'revoked' && one.state !== 'expired' ? t('radsec.of_old') : undefined,
    revocable: one.state !== 'revoked' && one.state !== 'expired',
  };
}

function badge(one: Certificate, reader: Reader): StateBadge {
  const reason =
    one.revoked_reason === 'authority_retired'
      ? reader.t('radsec.authority_retired')
      : (one.revoked_reason ?? undefined);
  return stateBadge(LOOK[one.state], reader, { word: reader.t(`radsec.state_${one.state}`), why: reason });
}

/** What is handed over once: files as links that hold them, and the lines for a MikroTik. */
export function printHandover(h: Handover, router: string) {
  const file =
    router
      .normalize('NFKD')
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'router';
  const bundle = [h.certificatePem, h.keyPem ?? '', h.caPem].join('');
  return {
    file,
    bundle,
    bundleHref: `data:application/x-pem-file;base64,${Buffer.from(bundle).toString('base64')}`,
    pkcs12Href: h.pkcs12 && `data:application/x-pkcs12;base64,${h.pkcs12.toString('base64')}`,
    pkcs12Password: h.pkcs12Password,
    hasKey: h.keyPem !== null,
  };
}

/** The certificate of our port. */
export function printServer(server: ServerCertificate, reader: Reader) {
  return {
    names: server.names.join(' '),
    shownNames: server.names.join(', '),
    ends: formatDay(new Date(server.not_after), reader, { day: 'numeric', month: 'short', year: 'numeric' }),
    signer: reader.t(server.ours ? 'radsec.signed_ours' : 'radsec.signed_other'),
    authorities: server.authorities.map((one) => ({
      word: reader.t(`radsec.authority_${one.state}`),
      until: reader.t('radsec.authority_until', {
        since: formatDay(new Date(one.since), reader, { day: 'numeric', month: 'short', year: 'numeric' }),
        until: formatDay(new Date(one.not_after), reader, { day: 'numeric', month: 'short', year: 'numeric' }),
      }),
      routers: reader.t('radsec.authority_routers', { count: one.routers }),
    })),
    changing: server.authorities.length > 1,
    /** Routers that still need the old one. */
    waiting: server.authorities.find((one) => one.state === 'old')?.routers ?? 0,
    caHref: `data:application/x-pem-file;base64,${Buffer.from(server.ca_pem).toString('base64')}`,
  };
}
