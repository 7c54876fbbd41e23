import { nearestName } from '../platform/nearest-name';
import { StartError } from './start-error';

/**
 * Reads `--name=value` and `--name value` options; a bare `--name` at the end or before another option is `true`.
 * Repeated ones are collected in order. Throws StartError for a name that is not in `known` or a stray word.
 */
export function readOptions(args: readonly string[], known: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(args[i] ?? '') ?? [];
    if (name === undefined) throw new StartError(`${args[i]} is not an option. Options: ${list(known)}.`);
    if (name === 'help' && !known.includes(name)) throw new StartError(`Options: ${list(known)}.`);
    if (!known.includes(name))
      throw new StartError(`Unknown option --${name}. Did you mean --${nearestName(name, known)}?`);
    const next = args[i + 1];
    const taken = value ?? (next !== undefined && !next.startsWith('--') ? args[++i] : 'true');
    found.set(name, [...(found.get(name) ?? []), taken ?? 'true']);
  }
  return found;
}

function list(known: readonly string[]): string {
  return known.map((name) => `--${name}`).join(', ');
}
