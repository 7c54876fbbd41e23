import type { Row } from '../../../../radius/routeros';

/** What rows of a menu start from, and what RouterOS asks of them. */
export interface Definition {
  /** A menu of settings is one row without `.id`. */
  kind: 'list' | 'settings';
  /** Fields of a new row in the order in which they are printed; `true`/`false` and durations also tell how a value is read. */
  defaults: Row;
  /** Fields that `add` must give. */
  required?: readonly string[];
  /** Fields that together may stand only once, and the words of the refusal. */
  once?: { fields: readonly string[]; refusal: string };
  /** The order of rows decides (firewall, queues): move and place-before work. */
  ordered?: boolean;
  /** Shown only to who has the policy `sensitive`, and exported only where asked. */
  sensitive?: readonly string[];
  /** Taken and never shown. */
  hidden?: readonly string[];
  /** Rows that every router comes with. */
  initial?: readonly Row[];
  /** Rows of this menu cannot be made or removed, only changed. */
  fixed?: boolean;
}

export type Definitions = Record<string, Definition>;

export const list = (defaults: Row, more: Omit<Definition, 'kind' | 'defaults'> = {}): Definition => ({
  kind: 'list',
  defaults,
  ...more,
});
export const settings = (defaults: Row, more: Omit<Definition, 'kind' | 'defaults'> = {}): Definition => ({
  kind: 'settings',
  defaults,
  ...more,
});
