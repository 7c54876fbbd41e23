import { runLoad } from '../../../radius/testing/load';
import { interimLoad, measure, type BenchSize, type Figure, type Side } from './measure';

/** Interims per second that go on while logins are measured: what 600,000 sessions at five minutes send. */
const beside_per_s = 2000;

/** Logins as fast as they come, while every second 2,000 interims must be written down too. Lost interims and late ones are counted with the figure. */
export async function measureMixed(side: Side, o: BenchSize): Promise<Figure> {
  const beside = runLoad({
    ...interimLoad(side, o),
    mode: { kind: 'open', rate_per_s: beside_per_s },
    // It begins before the logins and ends after them.
    duration_ms: (o.seconds + 1) * 1000,
    warmup_ms: 500,
  });
  const figure = await measure(side, 'pap', { kind: 'closed', outstanding: 32 }, o);
  const interims = await beside;
  side.sent.add(interims);
  return {
    ...figure,
    what: `pap 32 beside ${beside_per_s} interims/s`,
    lost: figure.lost + interims.timeouts + interims.overruns,
    retransmits: figure.retransmits + interims.retransmits,
  };
}
