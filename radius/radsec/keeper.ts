import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Client, type Pool } from 'pg';
import type { KnownCertificate } from './connection';
import type { RadsecLog } from './log';

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
  /** Told after each change, and once at the start when anything is known. */
  changed(): void;
  log: RadsecLog;
}

const RELOAD_EVERY_MS = 30_000;
const RECONNECT_MS = 1000;
const SETTLE_MS = 20;

/**
 * The certificates that open a connection, and our own. Follows changes within a second by LISTEN lango_radsec, reads all again every 30 s in case a
 * notice was lost, and starts from its file while the database is away.
 */
export class Keeper {
  identity: Identity | undefined;
  private byFingerprint = new Map<string, KnownCertificate>();
  private client: Client | undefined;
  private stopped = false;
  private loading: Promise<void> | undefined;
  private loadAgain = false;
  private readonly timers = new Set<NodeJS.Timeout>();
  private current = '';

  constructor(private readonly o: KeeperOptions) {}

  async start(): Promise<void> {
    this.fromFile();
    await Promise.all([this.listen(), this.load()]);
    this.timers.add(setInterval(() => void this.load(), RELOAD_EVERY_MS));
  }

  /** The certificate, if it opens a connection now. */
  find(fingerprint: string): KnownCertificate | undefined {
    const known = this.byFingerprint.get(fingerprint);
    return known && known.notAfter_ms > Date.now() ? known : undefined;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => undefined);
    await this.loading;
  }

  private async listen(): Promise<void> {
    if (this.stopped) return;
    const client = new Client({
      connectionString: this.o.databaseUrl,
      application_name: 'lango-radsec-listen',
      connectionTimeoutMillis: 3000,
      keepAlive: true,
    });
    let over = false;
    const lost = (): void => {
      if (over) return;
      over = true;
      client.end().catch(() => undefined);
      this.later(RECONNECT_MS, () => void this.listen());
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', () => this.later(SETTLE_MS, () => void this.load()));
    try {
      await client.connect();
      await client.query('LISTEN lango_radsec');
      this.client = client;
      if (this.stopped) return void client.end().catch(() => undefined);
      await this.load();
    } catch {
      lost();
    }
  }

  private later(delay_ms: number, work: () => void): void {
    if (this.stopped) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, delay_ms);
    this.timers.add(timer);
  }

  private load(): Promise<void> {
    if (this.loading) {
      this.loadAgain = true;
      return this.loading;
    }
    this.loading = this.read().finally(() => {
      this.loading = undefined;
      if (!this.loadAgain || this.stopped) return;
      this.loadAgain = false;
      void this.load();
    });
    return this.loading;
  }

  private async read(): Promise<void> {
    try {
      const authorities = await this.o.pool.query<Kept['authorities'][number]>(
        `SELECT kind, certificate_pem, encode(key_enc, 'base64') AS key FROM radsec_identity() ORDER BY kind`,
      );
      const certificates = await this.o.pool.query<CertificateRow>(
        'SELECT * FROM radsec_certificates() ORDER BY fingerprint',
      );
      const text = JSON.stringify({ authorities: authorities.rows, certificates: certificates.rows } satisfies Kept);
      if (text === this.current) return;
      this.take(text);
      this.toFile(text);
    } catch (error) {
      this.o.log.debug({ err: error }, 'the certificates could not be read; the last known ones are used');
    }
  }

  private take(text: string): void {
    const kept = JSON.parse(text) as Kept;
    const server = kept.authorities.find((one) => one.kind === 'server');
    if (server?.key) {
      const ca = kept.authorities.filter((one) => one.kind === 'ca').map((one) => one.certificate_pem);
      const keyPem = this.o.openKey(Buffer.from(server.key, 'base64'));
      this.identity = { ca, certificatePem: server.certificate_pem, keyPem };
    }
    this.byFingerprint = new Map(kept.certificates.map((row) => [row.fingerprint, toKnown(row)]));
    this.current = text;
    this.o.changed();
  }

  private fromFile(): void {
    try {
      this.take(readFileSync(this.o.file, 'utf8'));
    } catch {
      // None yet, or of another master key: the database will tell.
    }
  }

  private toFile(text: string): void {
    const { file } = this.o;
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const draft = `${file}.${randomBytes(4).toString('hex')}`;
      writeFileSync(draft, text, { mode: 0o600 });
      renameSync(draft, file);
    } catch (error) {
      this.o.log.warn(
        { err: error },
        'the certificates could not be kept on disk; a start without the database would know none',
      );
    }
  }
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
