import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contrast, readRoles } from './contrast';

const roles = readRoles(readFileSync(join(__dirname, 'css', 'tokens.css'), 'utf8'));
const PAGE = ['ground', 'surface', 'sunken', 'raised'];
const TINTED = ['good-soft', 'warn-soft', 'bad-soft', 'flow-soft'];

/** [text role, grounds it is used on] held to 4.5:1. */
const TEXT: [string, string[]][] = [
  ['ink', [...PAGE, ...TINTED, 'flow-fill', 'warn-fill']],
  ['ink-2', [...PAGE, ...TINTED]],
  ['ink-3', PAGE],
  ['link', PAGE],
  ['good', [...PAGE, 'good-soft']],
  ['warn', [...PAGE, 'warn-soft']],
  ['bad', [...PAGE, 'bad-soft']],
  ['rail-ink', ['rail', 'rail-lift']],
  ['rail-ink-2', ['rail', 'rail-lift']],
  ['on-action', ['action']],
  ['on-pay', ['pay']],
  ['on-now', ['now', 'rail-bad']],
  ['surface', ['ink']],
];

/** Marks and borders held to 3:1. */
const MARKS: [string, string[]][] = [
  ['edge', ['ground', 'surface', 'raised']],
  ['flow', ['surface', 'raised']],
  ['action', PAGE],
  ['now', ['rail', 'rail-lift']],
];

describe.each(['light', 'dark'] as const)('the colour roles in %s', (theme) => {
  const ratio = (a: string, b: string) => {
    const [one, two] = [roles.get(a)?.[theme], roles.get(b)?.[theme]];
    if (!one || !two) throw new Error(`No role ${a} or ${b} in tokens.css.`);
    return contrast(one, two);
  };

  test.each(TEXT)('text in %s reaches 4.5:1 on each ground it is used on', (role, grounds) => {
    for (const ground of grounds)
      expect({ role, ground, ok: ratio(role, ground) >= 4.5 }).toEqual({ role, ground, ok: true });
  });

  test.each(MARKS)('the mark %s reaches 3:1', (role, grounds) => {
    for (const ground of grounds)
      expect({ role, ground, ok: ratio(role, ground) >= 3 }).toEqual({ role, ground, ok: true });
  });

  test('the faintest text holds 4.8:1 everywhere', () => {
    for (const ground of PAGE) expect(ratio('ink-3', ground)).toBeGreaterThanOrEqual(4.8);
  });
});

test('the arithmetic agrees with WCAG at its ends', () => {
  expect(contrast({ l: 1, c: 0, h: 0 }, { l: 0, c: 0, h: 0 })).toBeCloseTo(21, 2);
  // #777 on white is the well-known 4.48.
  expect(contrast({ l: 0.5693, c: 0, h: 0 }, { l: 1, c: 0, h: 0 })).toBeCloseTo(4.48, 1);
});
