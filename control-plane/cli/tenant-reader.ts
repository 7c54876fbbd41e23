import type { Config } from '../platform/config';
import { listTenantReaders, makeTenantReader, removeTenantReader } from '../tenants';
import { readOptions } from './options';
import { StartError } from './start-error';
import { withDatabase } from './with-database';

/**
 * `lango tenant-reader make --company=SLUG`: a read-only login of the database for that company's own FreeRADIUS, or a new password for it.
 * The password is printed once and kept nowhere.
 */
export async function tenantReaderMake(config: Config, args: readonly string[]): Promise<void> {
  const company = companyOf(args);
  await withDatabase(config, async (ownerUrl) => {
    const made = await makeTenantReader(ownerUrl, company);
    if (made.kind === 'no_company') throw noCompany(company, made.known);
    const url = new URL(ownerUrl);
    const lines = [
      `${made.renewed ? 'New password for the reader' : 'Reader'} of ${made.company}. It sees the standard tables of this company and changes nothing.`,
      'In mods-available/sql of its FreeRADIUS:',
      '',
      '  dialect = "postgresql"',
      '  driver = "rlm_sql_postgresql"',
      `  server = "${url.hostname}"`,
      `  port = ${url.port || '5432'}`,
      `  login = "${made.role}"`,
      `  password = "${made.password}"`,
      `  radius_db = "${decodeURIComponent(url.pathname.slice(1))}"`,
      '',
      'sql belongs in authorize alone: accounting goes to Lango. More in docs/reference/standard-tables.md.',
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  });
}

/** `lango tenant-reader remove --company=SLUG`: takes it away and ends its connections. */
export async function tenantReaderRemove(config: Config, args: readonly string[]): Promise<void> {
  const company = companyOf(args);
  const gone = await withDatabase(config, (ownerUrl) => removeTenantReader(ownerUrl, company));
  if (gone.kind === 'no_company') throw noCompany(company, gone.known);
  process.stdout.write(gone.kind === 'removed' ? `${gone.role} is removed.\n` : `${company} has no reader.\n`);
}

/** `lango tenant-reader list`: who reads. */
export async function tenantReaderList(config: Config): Promise<void> {
  const readers = await withDatabase(config, listTenantReaders);
  const rows = readers.map(
    ({ slug, role, renewed_at }) => `${slug.padEnd(24)}${role.padEnd(32)}password of ${renewed_at.toISOString()}`,
  );
  process.stdout.write(
    rows.length > 0
      ? `${rows.join('\n')}\n`
      : 'No company has a reader. Make one: npx lango tenant-reader make --company=SLUG\n',
  );
}

function companyOf(args: readonly string[]): string {
  const company = readOptions(args, ['company']).get('company')?.at(-1);
  if (company === undefined || company === 'true') throw new StartError('Name the company: --company=SLUG.');
  return company;
}

function noCompany(wanted: string, known: string[]): StartError {
  return new StartError(
    `No company ${wanted} here. ${known.length > 0 ? `Companies: ${known.join(', ')}.` : 'There is none yet: run npx lango start once.'}`,
  );
}
