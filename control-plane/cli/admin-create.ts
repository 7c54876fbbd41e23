import type { Config } from '../platform/config';
import { createAdmin } from '../tenants';
import { newPassword } from './first-start';
import { readOptions } from './options';
import { StartError } from './start-error';
import { withDatabase } from './with-database';

/**
 * `lango admin create [--email=] [--name=] [--company=] [--super]`: an administrator, or a new password for one who is
 * locked out. The password is LANGO_ADMIN_PASSWORD or made up and printed; it is never taken from the command line,
 * where every user of the machine could read it.
 */
export async function adminCreate(config: Config, args: readonly string[]): Promise<void> {
  const options = readOptions(args, ['email', 'name', 'company', 'super']);
  const one = (name: string): string | undefined => options.get(name)?.at(-1);
  const email = one('email') ?? config.adminEmail;
  if (!/^[^\s@]+@[^\s@]+$/.test(email))
    throw new StartError(`${email} is not an e-mail address. Give one with --email=name@example.net.`);
  const password = config.adminPassword ?? newPassword();
  const name = one('name');
  const company = one('company');
  const made = await withDatabase(config, (url) =>
    createAdmin(url, {
      email,
      password,
      ...(name ? { name } : {}),
      ...(company ? { company } : {}),
      superAdmin: options.has('super'),
    }),
  );
  if (made.kind === 'no_company') {
    const known =
      made.known.length > 0 ? `Companies: ${made.known.join(', ')}.` : 'There is none yet: run npx lango start once.';
    throw new StartError(`No company ${company ?? ''} here. ${known}`.replace('  ', ' '));
  }
  const said =
    made.kind === 'created' ? `New administrator of ${made.tenantName}` : `New password for ${made.tenantName}`;
  process.stdout.write(
    `${said}\n  e-mail    ${email}\n  password  ${config.adminPassword ? '(as in LANGO_ADMIN_PASSWORD)' : password}\n`,
  );
}
