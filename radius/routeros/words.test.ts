import { encodeSentence, SentenceReader } from './words';

test('lengths by the manual: one to five octets before each word', () => {
  const head = (length: number): number[] => [...encodeSentence(['x'.repeat(length)]).subarray(0, 5)];
  expect(head(0x7f)[0]).toBe(0x7f);
  expect(head(0x80).slice(0, 2)).toEqual([0x80, 0x80]);
  expect(head(0x3fff).slice(0, 2)).toEqual([0xbf, 0xff]);
  expect(head(0x4000).slice(0, 3)).toEqual([0xc0, 0x40, 0x00]);
  expect(head(0x200000).slice(0, 4)).toEqual([0xe0, 0x20, 0x00, 0x00]);
});

test('a sentence as it stands in the manual', () => {
  expect([...encodeSentence(['/login', '=name=a'])]).toEqual([
    6,
    ...Buffer.from('/login'),
    7,
    ...Buffer.from('=name=a'),
    0,
  ]);
});

test('comes together again however it is cut, with long words and letters beyond ASCII', () => {
  const sentences = [
    ['!re', '=name=Café ✓ Ñ', `=comment=${'x'.repeat(70_000)}`],
    ['!done', '.tag=1'],
  ];
  const bytes = Buffer.concat(sentences.map(encodeSentence));
  for (const cut of [1, 2, 3, 7, 20, 21, 25, 30, 300, bytes.length - 1]) {
    const reader = new SentenceReader();
    expect([...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))]).toEqual(sentences);
  }
  const reader = new SentenceReader();
  const short = encodeSentence(['!done', '.tag=x']);
  expect([...short].flatMap((octet) => reader.push(Buffer.of(octet)))).toEqual([['!done', '.tag=x']]);
});

test('what is no API at all is refused, not collected', () => {
  expect(() => new SentenceReader().push(Buffer.of(0xff, 1, 2))).toThrow('not the RouterOS API');
  expect(() => new SentenceReader().push(Buffer.of(0xf0, 0x7f, 0xff, 0xff, 0xff))).toThrow('not the RouterOS API');
});
