/** Raised with each change of the tables: a file of another version is emptied and written anew. */
const VERSION = 4;
/** Of the same answers, without allowances: it becomes one of this version as it is. */
const WITHOUT_ALLOWANCES = 3;

/**
 * The snapshot file. Times are seconds since 1970 on Lango's clock, but for written_at, which is this host's.
 *   answer  one row per login, type of router, kind of service, device and stretch of time. `pairs` is what aaa_authorize answered, as
 *           [[attribute, value, op], …], without what belongs to a single login. ends_at, timeout_s: what Session-Timeout is made of.
 *           meant is what other spellings of the name come to, of a device's address or a voucher's code. Company 0 has the answers to unused
 *           vouchers, under the id of their batch.
 *   allowance  what is left to a login, as of the last record of its sessions: of data, and of time online with the sessions that go on using it up, as
 *           [[last heard of, seconds to count on at most], …]; until: when a new period begins. It stands beside the answers because it changes with every record and they do not.
 *   voucher unused codes; batch: those whose codes are all here.
 *   certificate  whose it is, for EAP-TLS; revoked ones are not here. holder: as long as the file is young enough.
 *   reply   the pairs of those answers that hold now; empty when the file is older than its bound. radiusd asks this view.
 */
const VIEW_NAMES = ['moment', 'reply', 'holder'];
const ofLogin = 'FROM allowance l WHERE l.tenant_id = a.tenant_id AND l.username = a.username';
/** As aaa_authorize gives it to RouterOS, in one of its two words: a low word of 0 would be no limit, hence one byte less there. */
const dataLeft = (word: string): string =>
  `SELECT CAST((max(l.left_bytes, 1) - (max(l.left_bytes, 1) % 4294967296 = 0)) ${word} AS TEXT) ${ofLogin} AND l.left_bytes IS NOT NULL`;
/** As plan_online_s counts it. The garden, whose answers have no end, is not sold by time. */
const onlineLeft = `SELECT max(1, CAST(l.left_s - (
          SELECT coalesce(sum(min(max(0, m.at - json_extract(s.value, '$[0]')), json_extract(s.value, '$[1]'))), 0) FROM json_each(coalesce(l.sessions, '[]')) s) AS INTEGER))
          ${ofLogin} AND l.left_s IS NOT NULL AND a.ends_at IS NOT NULL AND (l.until_at IS NULL OR m.at < l.until_at)`;
const ALLOWANCE = `CREATE TABLE allowance (
  tenant_id INTEGER NOT NULL, username TEXT NOT NULL, left_bytes INTEGER, left_s INTEGER, sessions TEXT, until_at REAL, PRIMARY KEY (tenant_id, username)
) WITHOUT ROWID;
`;
const VIEWS = `CREATE VIEW moment AS
  SELECT h.at + s.shift_s AS at FROM (SELECT (julianday('now') - 2440587.5) * 86400.0 AS at) h JOIN state s ON abs(h.at - s.written_at) < s.bound_s;
CREATE VIEW reply AS
  SELECT a.tenant_id, a.username, a.type, a.service, a.device, a.mac_lock, a.mac_short, json_extract(p.value, '$[0]') AS attribute,
    CASE json_extract(p.value, '$[0]')
      WHEN 'Session-Timeout' THEN CAST(min(21474720, coalesce(a.timeout_s, 21474720), max(1, coalesce(CAST(a.ends_at - m.at AS INTEGER), 21474720)),
        coalesce((${onlineLeft}), 21474720)) AS TEXT)
      WHEN 'Mikrotik-Total-Limit' THEN coalesce((${dataLeft('% 4294967296')}), json_extract(p.value, '$[1]'))
      WHEN 'Mikrotik-Total-Limit-Gigawords' THEN coalesce((${dataLeft('/ 4294967296')}), json_extract(p.value, '$[1]'))
      ELSE json_extract(p.value, '$[1]') END AS value,
    json_extract(p.value, '$[2]') AS op
  FROM moment m JOIN answer a ON a.from_at <= m.at AND (a.until_at IS NULL OR a.until_at > m.at), json_each(a.pairs) p
  WHERE json_extract(p.value, '$[0]') <> 'Mikrotik-Total-Limit-Gigawords' OR coalesce((${dataLeft('/ 4294967296')}), '') <> '0';
CREATE VIEW holder AS SELECT c.tenant_id, c.serial, c.username FROM moment JOIN certificate c;`;
const TABLES = `
CREATE TABLE answer (
  tenant_id INTEGER NOT NULL, username TEXT NOT NULL, type TEXT NOT NULL, service TEXT NOT NULL, device TEXT NOT NULL, from_at REAL NOT NULL,
  until_at REAL, ends_at REAL, timeout_s INTEGER, mac_lock TEXT, mac_short TEXT, meant TEXT, pairs TEXT NOT NULL, pass INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, username, type, service, device, from_at)
) WITHOUT ROWID;
CREATE INDEX answer_until ON answer (until_at) WHERE until_at IS NOT NULL;
CREATE INDEX answer_meant ON answer (tenant_id, meant) WHERE meant IS NOT NULL;
${ALLOWANCE}CREATE TABLE voucher (tenant_id INTEGER NOT NULL, code TEXT NOT NULL, batch_id INTEGER NOT NULL, PRIMARY KEY (tenant_id, code)) WITHOUT ROWID;
CREATE INDEX voucher_batch ON voucher (batch_id);
CREATE TABLE batch (id INTEGER PRIMARY KEY);
CREATE TABLE certificate (tenant_id INTEGER NOT NULL, serial TEXT NOT NULL, username TEXT NOT NULL, PRIMARY KEY (tenant_id, serial)) WITHOUT ROWID;
CREATE INDEX certificate_holder ON certificate (tenant_id, username);
CREATE TABLE signer (nas_id INTEGER PRIMARY KEY);
CREATE TABLE state (
  id INTEGER PRIMARY KEY CHECK (id = 1), xid TEXT, kinds TEXT, pass INTEGER NOT NULL, passing INTEGER NOT NULL, cursor_tenant INTEGER NOT NULL,
  cursor_username TEXT NOT NULL, passed_at REAL, written_at REAL NOT NULL, shift_s REAL NOT NULL, bound_s INTEGER NOT NULL, used_xid TEXT
);
INSERT INTO state VALUES (1, NULL, NULL, 0, 0, 0, '', NULL, 0, 0, 0, NULL);
${VIEWS}
PRAGMA user_version = ${VERSION};`;

/** What makes a file of the version before one of this: its answers stand until they have all been read anew, which is asked for here. */
const RENEWED = `
${VIEW_NAMES.map((name) => `DROP VIEW ${name};`).join('\n')}
${ALLOWANCE}
ALTER TABLE state ADD COLUMN used_xid TEXT;
UPDATE state SET kinds = NULL;
${VIEWS}
PRAGMA user_version = ${VERSION};`;

/** Statements that make the tables where there are none of this version. Given the version and the objects that are there. */
export function makeTables(version: number, objects: readonly { kind: string; name: string }[]): string | undefined {
  if (version === VERSION) return undefined;
  if (version === WITHOUT_ALLOWANCES) return `BEGIN IMMEDIATE;\n${RENEWED}\nCOMMIT`;
  const drops = objects.map(({ kind, name }) => `DROP ${kind} "${name}";`);
  return `BEGIN IMMEDIATE;\n${drops.join('\n')}\n${TABLES}\nCOMMIT`;
}
