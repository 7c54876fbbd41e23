/**
 * libpq's keyword form of a connection URL, ready to stand in a double-quoted value of radiusd.conf. The password is not in it, because
 * FreeRADIUS writes this string into its log: it stands in `passwordFile` (see passwordLine).
 * FreeRADIUS appends to what it is given, so the URL form does not work there.
 * @throws when a part holds what FreeRADIUS would expand
 */
export function conninfo(databaseUrl: string, passwordFile: string): string {
  const url = new URL(databaseUrl);
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '');
  const parts: Record<string, string> = {
    host,
    port: url.searchParams.get('port') ?? (url.port || '5432'),
    dbname: decodeURIComponent(url.pathname.slice(1)) || 'postgres',
    user: decodeURIComponent(url.username),
    passfile: passwordFile,
    // Two seconds is the least that libpq takes.
    connect_timeout: '2',
    application_name: 'lango-freeradius',
    options: sessionOptions,
  };
  for (const name of passedOn) {
    const value = url.searchParams.get(name);
    if (value !== null) parts[name] = value;
  }
  const text = Object.entries(parts)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}='${value.replace(/[\\']/g, '\\$&')}'`)
    .join(' ');
  if (/\$\{|\$ENV|[\n\r]/.test(text)) {
    throw new Error(
      'FreeRADIUS cannot be given a database host, name or password with a dollar sign and a brace in it: rename it.',
    );
  }
  return text.replace(/[\\"]/g, '\\$&');
}

/** The content of libpq's password file: any server, any database, this one password. */
export function passwordLine(databaseUrl: string): string {
  const password = decodeURIComponent(new URL(databaseUrl).password);
  return `*:*:*:*:${password.replace(/[\\:]/g, '\\$&')}\n`;
}

/** TLS settings, which mean the same in a URL and in libpq. */
const passedOn = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslcrl', 'channel_binding', 'target_session_attrs'];

/**
 * For every connection: the plans of aaa_authorize are made once, maybe over tables that are still empty, and must stay right for
 * millions of rows, hence no sequential scans and no hash joins. The time limit is below FreeRADIUS' own of 1 s, so that a slow query ends
 * at the server and the connection survives.
 */
const sessionOptions = [
  'statement_timeout=900',
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'jit=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');
