import { parseDuration } from './duration';

test.each([
  ['3h4m5s', 11_045],
  ['1w2d', 777_600],
  ['59s', 59],
  ['1s500ms', 1],
  ['00:01:02', 62],
  ['1d02:03:04', 93_784],
  ['0s', 0],
])('%s', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

test.each(['', 'never', 'soon', '5'])('%s is no duration', (text) => expect(parseDuration(text)).toBeUndefined());
