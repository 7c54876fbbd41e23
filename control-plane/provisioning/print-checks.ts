import type { Reader } from '../ui';
import type { Run } from './queries';
import type { Check } from './self-test/seen';

/** A check in words: what was found, and where it is wrong what to do. */
export interface PrintedCheck {
  name: Check['name'];
  title: string;
  outcome: Check['outcome'];
  detail: string;
  remedy: string | undefined;
}

export function printChecks(result: unknown, { t }: Pick<Reader, 't'>): PrintedCheck[] {
  return (Array.isArray(result) ? (result as Check[]) : []).map(({ name, outcome, word, values = {} }) => ({
    name,
    outcome,
    title: t(`provisioning.check_${name}`),
    detail: t(`provisioning.found_${word}`, values),
    remedy: outcome === 'pass' ? undefined : t(`provisioning.remedy_${word}`, values),
  }));
}

/** `fail` as soon as one check is wrong; `unknown` while something could not be shown yet. */
export function verdictOf(run: Run): 'running' | 'failed' | Check['outcome'] {
  if (run.state !== 'done') return run.state;
  const checks = Array.isArray(run.result) ? (run.result as Check[]) : [];
  if (checks.some(({ outcome }) => outcome === 'fail')) return 'fail';
  return checks.some(({ outcome }) => outcome === 'unknown') ? 'unknown' : 'pass';
}
