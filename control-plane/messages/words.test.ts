import fc from 'fast-check';
import { channels, messageKinds } from './catalogue';
import { compose, namesOf } from './compose';
import { defaultWords } from './default-words';
import { countSegments, plainLetters } from './segments';
import { checkTemplate, fillTemplate } from './template';
import { previewTemplate } from './templates';

describe('segments (GSM 03.38, 3GPP TS 23.038)', () => {
  test.each([
    ['nothing', '', 'gsm7', 0, 0],
    ['160 letters', 'a'.repeat(160), 'gsm7', 160, 1],
    ['161 letters', 'a'.repeat(161), 'gsm7', 161, 2],
    ['306 letters', 'a'.repeat(306), 'gsm7', 306, 2],
    ['307 letters', 'a'.repeat(307), 'gsm7', 307, 3],
    ['letters of the extension table, two septets each', '€'.repeat(80), 'gsm7', 160, 1],
    ['one more', '€'.repeat(81), 'gsm7', 162, 2],
    [
      'an escape that would be cut from its letter at the end of a segment',
      `${'a'.repeat(152)}€${'a'.repeat(152)}`,
      'gsm7',
      306,
      3,
    ],
    ['all the braces and brackets', '[]{}\\^~|', 'gsm7', 16, 1],
    ['70 others', 'ŵ'.repeat(70), 'ucs2', 70, 1],
    ['71 others', 'ŵ'.repeat(71), 'ucs2', 71, 2],
    ['a smile among 69 letters', `${'a'.repeat(69)}☺`, 'ucs2', 70, 1],
    ['35 letters of two units', '😀'.repeat(35), 'ucs2', 70, 1],
    ['a letter of two units at the end of a segment', `${'ŵ'.repeat(66)}😀${'ŵ'.repeat(66)}`, 'ucs2', 134, 3],
  ] as const)('%s', (_name, text, encoding, units, segments) => {
    expect(countSegments(text)).toMatchObject({ encoding, units, segments });
  });

  test('what makes it expensive is named, and typographic letters are made plain', () => {
    expect(countSegments('Karibu ☺ ☺ ŵ').costly).toEqual(['☺', 'ŵ']);
    expect(plainLetters('“Mlango” – it’s…\u00a0open\r\n')).toBe('"Mlango" - it\'s... open\n');
    expect(countSegments(plainLetters('“Mlango” – it’s…\u00a0open')).encoding).toBe('gsm7');
  });
});

describe('templates', () => {
  const names = ['name', 'amount'];

  test.each([
    ['Asante {{name}}', []],
    ['{{#if name}}Asante {{name}}{{else}}Asante{{/if}}', []],
    ['{{! a note }}Asante', []],
    ['{{nme}}', [{ kind: 'unknown', name: 'nme' }]],
    ['{{name', [{ kind: 'syntax', line: 1 }]],
    ['a\nb {{/if}}', [{ kind: 'syntax', line: 2 }]],
    ['{{name.constructor}}', [{ kind: 'not_allowed', piece: 'name.constructor' }]],
    ['{{constructor}}', [{ kind: 'unknown', name: 'constructor' }]],
    ['{{__proto__}}', [{ kind: 'unknown', name: '__proto__' }]],
    ['{{this}}', [{ kind: 'not_allowed', piece: 'this' }]],
    ['{{../name}}', [{ kind: 'not_allowed', piece: '../name' }]],
    ['{{@root}}', [{ kind: 'not_allowed', piece: '@root' }]],
    ['{{lookup name "x"}}', [{ kind: 'not_allowed', piece: 'lookup' }]],
    ['{{#each name}}x{{/each}}', [{ kind: 'not_allowed', piece: 'each' }]],
    ['{{#with name}}x{{/with}}', [{ kind: 'not_allowed', piece: 'with' }]],
    ['{{log name}}', [{ kind: 'not_allowed', piece: 'log' }]],
    ['{{> brand}}', [{ kind: 'not_allowed', piece: 'PartialStatement' }]],
    ['{{#*inline "x"}}{{/inline}}', [{ kind: 'not_allowed', piece: 'DecoratorBlock' }]],
    ['{{"name"}}', [{ kind: 'not_allowed', piece: 'name' }]],
    ['{{#if (lookup name "x")}}x{{/if}}', [{ kind: 'not_allowed', piece: 'if' }]],
  ])('%s', (text, faults) => {
    expect(checkTemplate(text, names)).toEqual(faults);
  });

  test('what a customer is called is never a template, whatever it looks like', () => {
    const hostile = '{{amount}} {{#if name}}{{/if}} {{{name}}} $& <b>';
    expect(fillTemplate('Asante {{name}}.', { name: hostile, amount: '1' })).toBe(`Asante ${hostile}.`);
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(fillTemplate('<{{name}}>', { name })).toBe(`<${name}>`);
      }),
    );
  });

  test('a template of any text is refused or filled, and never breaks', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '{{',
        '}}',
        '{',
        '#if ',
        '/if',
        'name',
        'else',
        '..',
        '@',
        '>',
        '"',
        'x',
        '\n',
        '~',
        '!',
        '&',
        '*',
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('');
        if (checkTemplate(text, names).length === 0) fillTemplate(text, { name: 'N', amount: '1' });
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the shipped words', () => {
  const all = messageKinds.flatMap((kind) =>
    channels.flatMap((channel) => (['en', 'sw'] as const).map((locale) => ({ kind, channel, locale }))),
  );
  test.each(all)('$kind by $channel in $locale name only what the kind has, and an SMS is two at most', (key) => {
    const words = defaultWords(key.kind, key.channel, key.locale);
    for (const text of [words.subject ?? '', words.body]) expect(checkTemplate(text, namesOf(key.kind))).toEqual([]);
    const shown = previewTemplate(key, words, {
      company: 'Kisima Networks',
      zone: 'Africa/Nairobi',
      currency: 'KES',
      nowMs: Date.parse('2026-03-01T09:00:00Z'),
    });
    expect(shown.text).not.toMatch(/\{\{|undefined|null|NaN/);
    if (key.channel === 'sms') {
      expect(shown.segments?.encoding).toBe('gsm7');
      expect(shown.segments?.segments).toBeLessThanOrEqual(2);
    }
  });
});

test('values are printed as the person reads them: money, moments in the company’s zone, and nothing where nothing is known', () => {
  const o = {
    kind: 'payment_received',
    channel: 'email',
    locale: 'en',
    company: 'Kisima',
    zone: 'Africa/Nairobi',
    nowMs: Date.parse('2026-03-01T09:00:00Z'),
  } as const;
  const values = { name: 'A & <B>', amount: { cents: 150_050, currency: 'KES' }, expires: '2026-03-05T20:59:00Z' };
  const made = compose({
    ...o,
    words: {
      subject: '{{amount}}\r\nBcc: x',
      body: '{{name}} {{expires}} [{{reference}}]\n\nhttps://isp.example/a?b=1&c=2.',
    },
    values,
  });
  expect(made.subject).toBe('KES 1,500.50 Bcc: x');
  expect(made.text).toBe('A & <B> 5 Mar, 23:59 []\n\nhttps://isp.example/a?b=1&c=2.');
  expect(made.html).toContain('<p>A &amp; &lt;B&gt; 5 Mar, 23:59 []</p>');
  expect(made.html).toContain('<a href="https://isp.example/a?b=1&amp;c=2">');
  // Words that no longer pass are not sent: the shipped ones are.
  expect(
    compose({ ...o, channel: 'sms', words: { subject: null, body: '{{#each x}}{{/each}}' }, values }).text,
  ).toContain('we received KES 1,500.50');
});
