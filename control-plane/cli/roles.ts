import { partNames } from '../main';
import { nearestName } from '../platform/nearest-name';
import { StartError } from './start-error';

/** Everything `lango start` can run beside Postgres. FreeRADIUS is a program of its own; the others are our roles. */
export const knownRoles: readonly string[] = ['freeradius', ...partNames];

/** Reads `--roles=web,jobs`; without it all roles. Throws StartError on an unknown name. */
export function chosenRoles(args: readonly string[]): string[] {
  const given = args.find((arg) => arg.startsWith('--roles='))?.slice('--roles='.length);
  const stray = args.find((arg) => !arg.startsWith('--roles='));
  if (stray !== undefined)
    throw new StartError(`start does not know ${stray}. It takes --roles=${knownRoles.join(',')}.`);
  if (given === undefined) return [...knownRoles];
  const chosen = given.split(',').filter((name) => name !== '');
  for (const name of chosen) {
    if (!knownRoles.includes(name))
      throw new StartError(
        `Unknown role ${name}. Did you mean ${nearestName(name, knownRoles)}? Roles: ${knownRoles.join(', ')}.`,
      );
  }
  if (chosen.length === 0) throw new StartError(`--roles= names no role. Roles: ${knownRoles.join(', ')}.`);
  // A FreeRADIUS without a snapshot would know nobody while the database is away.
  if (chosen.includes('freeradius')) chosen.push('snapshot');
  return knownRoles.filter((name) => chosen.includes(name));
}
