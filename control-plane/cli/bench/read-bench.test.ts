import { readBench } from './index';

test.each([
  ['a word that was mistyped', ['--second', '5'], 'Unknown option --second. Did you mean --seconds?'],
  ['an option of another subject', ['--only', 'vouchers', '--seconds', '5'], 'Unknown option --seconds.'],
  ['no number', ['--users', 'many'], '--users must be a number, not many.'],
  ['an option without its value', ['--users'], '--users must be a number, not true.'],
  ['no such subject', ['--only', 'speed'], 'There is no bench of "speed".'],
  ['a call for help', ['--help'], 'Options: --only, --json,'],
])('%s is said before anything runs', (_what, args, message) => {
  expect(() => readBench(args)).toThrow(message);
});

test('what was said about a subject is read, with = or a space', () => {
  const { value } = readBench(['--only=pages', '--users', '500', '--data', '/var/tmp/pages']);
  expect([value('--users'), value('--data'), value('--visits')]).toEqual(['500', '/var/tmp/pages', undefined]);
});
