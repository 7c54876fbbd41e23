import type { Pool } from 'pg';
import { Followed, type PartLog } from '../part';
import type { KnownCertificate } from './connection';

/** What the front shows and whom it trusts. */
export interface Identity {
  ca: string[];
  certificatePem: string;
  keyPem: string;
}

interface CertificateRow {
  fingerprint: string;
  certificate_id: string;
  nas_id: string;
  name: string;
  address: string;
  secret: string;
  not_after_ms: number;
}

/** As it stands in the database and in the file; the key is sealed in both. */
interface Kept {
  authorities: { kind: string; certificate_pem: string; key: string | null }[];
  certificates: CertificateRow[];
}

export interface KeeperOptions {
  databaseUrl: string;
  pool: Pool;
  /** Kept for a start without the database: mode 0600. */
  file: string;
  /** Opens the sealed key of the server's certificate. */
  openKey(sealed: Buffer): string;
  /** Told after each reading, also of the file at the start. */
  changed(): void;
  log: PartLog;
}

/**
 * The certificates that open a connection, and our own. Follows changes within a second, and starts from its file while the database is away.
 */
export class Keeper {
  identity: Identity | undefined;
  private byFingerprint = new Map<string, KnownCertificate>();
  private readonly followed: Followed<Kept>;

  constructor(private readonly o: KeeperOptions) {
    const { databaseUrl, pool, file, log } = o;
    this.followed = new Followed<Kept>({
      databaseUrl,
      name: 'lango-radsec-listen',
      channel: 'lango_radsec',
      read: () => readKept(pool),
      take: (kept) => this.take(kept),
      unread: (error) => log.debug({ err: error }, 'the certificates could not be read; the last known ones are used'),
      file: {
        path: file,
        unkept: (error) =>
          log.warn(
            { err: error },
            'the certificates could not be kept on disk; a start without the database would know none',
          ),
      },
    });
  }

  start(): Promise<void> {
    return this.followed.start();
  }

  stop(): Promise<void> {
    return this.followed.stop();
  }

  /** The certificate, if it opens a connection now. */
  find(fingerprint: string): KnownCertificate | undefined {
    const known = this.byFingerprint.get(fingerprint);
    return known && known.notAfter_ms > Date.now() ? known : undefined;
  }

  private take({ authorities, certificates }: Kept): void {
    const server = authorities.find((one) => one.kind === 'server');
    if (server?.key) {
      const ca = authorities.filter((one) => one.kind === 'ca').map((one) => one.certificate_pem);
      const keyPem = this.o.openKey(Buffer.from(server.key, 'base64'));
      this.identity = { ca, certificatePem: server.certificate_pem, keyPem };
    }
    this.byFingerprint = new Map(certificates.map((row) => [row.fingerprint, toKnown(row)]));
    this.o.changed();
  }
}

async function readKept(pool: Pool): Promise<Kept> {
  const authorities = await pool.query<Kept['authorities'][number]>(
    `SELECT kind, certificate_pem, encode(key_enc, 'base64') AS key FROM radsec_identity() ORDER BY kind`,
  );
  const certificates = await pool.query<CertificateRow>('SELECT * FROM radsec_certificates() ORDER BY fingerprint');
  return { authorities: authorities.rows, certificates: certificates.rows };
}

function toKnown(row: CertificateRow): KnownCertificate {
  return {
    fingerprint: row.fingerprint,
    certificateId: row.certificate_id,
    nasId: row.nas_id,
    name: row.name,
    address: row.address,
    secret: Buffer.from(row.secret),
    notAfter_ms: row.not_after_ms,
  };
}
