import type { Row } from '../../radius/routeros';
import { named, row, settings, type Step } from './pieces';
import { alike, appliedOf, planOf, wordsOf } from './plan';

const pool = named('/ip/pool', 'lango-pppoe', { ranges: '10.64.0.2-10.64.15.254' });
const server = row(
  '/radius',
  'radius',
  { service: 'ppp,hotspot', address: '10.253.0.1', secret: 's', timeout: '3s' },
  { secret: ['secret'] },
);
const aaa = settings('/ppp/aaa', { 'use-radius': 'yes', 'interim-update': '5m' });
const steps: Step[] = [
  { name: 'radius', pieces: [server, aaa] },
  { name: 'pppoe', pieces: [pool] },
];
const there = (over: Record<string, Row[]> = {}) =>
  new Map(
    Object.entries({
      '/ip/pool': [
        { '.id': '*1', name: 'lango-pppoe', ranges: '10.64.0.2-10.64.15.254' },
        { '.id': '*2', name: 'mine', ranges: '10.1.0.2' },
      ],
      '/radius': [
        { '.id': '*1', comment: 'lango: radius', service: 'hotspot,ppp', address: '10.253.0.1', timeout: '3s' },
      ],
      '/ppp/aaa': [{ 'use-radius': 'true', 'interim-update': '300s' }],
      ...over,
    }),
  );

describe('a plan', () => {
  it('is empty for a router that has all it should, whatever else it has', () =>
    expect(planOf(steps, there(), {})).toEqual([]));

  it('adds what is missing, with secrets in the words and not in the plan', () => {
    const [item] = planOf(steps, there({ '/radius': [] }), {});
    expect(item).toMatchObject({ key: '/radius lango: radius', action: 'add' });
    expect(JSON.stringify(item)).not.toContain('secret');
    expect(wordsOf(item!, server)).toEqual(
      expect.arrayContaining(['/radius/add', '=secret=s', '=comment=lango: radius', '=address=10.253.0.1']),
    );
  });

  it('changes what is wanted otherwise than before, and that alone', () => {
    const [item, ...others] = planOf(
      steps,
      there({ '/ip/pool': [{ '.id': '*1', name: 'lango-pppoe', ranges: '10.1.0.2-10.1.0.9' }] }),
      {},
    );
    expect(others).toEqual([]);
    expect(item).toMatchObject({
      action: 'change',
      fields: [{ name: 'ranges', from: '10.1.0.2-10.1.0.9', to: '10.64.0.2-10.64.15.254' }],
    });
    expect(wordsOf(item!, pool)).toEqual(['/ip/pool/set', '=.id=*1', '=ranges=10.64.0.2-10.64.15.254']);
  });

  it('tells what somebody changed by hand from what we have changed our mind about', () => {
    const router = there({ '/ppp/aaa': [{ 'use-radius': 'true', 'interim-update': '1h' }] });
    expect(planOf(steps, router, appliedOf(steps))).toMatchObject([
      { key: '/ppp/aaa', action: 'by_hand', fields: [{ from: '1h', to: '5m' }] },
    ]);
    expect(planOf(steps, router, { '/ppp/aaa': { 'interim-update': '1h' } })).toMatchObject([{ action: 'change' }]);
  });

  it.each([
    ['yes', 'true', true],
    ['5m', '300s', true],
    ['2M/8M', '2000k/8000k', true],
    ['2000000/8000000', '2M/8M', true],
    ['ppp,hotspot', 'hotspot,ppp', true],
    ['127.0.0.1/32', '127.0.0.1', true],
    ['10', '11', false],
    ['5m', '5h', false],
  ])('%s and %s are the same value: %s', (a, b, same) => expect(alike(a, b)).toBe(same));
});
