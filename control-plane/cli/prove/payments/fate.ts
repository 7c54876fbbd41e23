import { scenarios, type PushFault, type Scenario } from '../../../test-kit/daraja';
import type { Dice } from '../dice';

/** What a phone and the network do with a prompt, by how often it happens here: far oftener than in the field. */
const fates: readonly (keyof typeof scenarios)[] = [
  'success',
  'success',
  'success',
  'success',
  'success',
  'twice',
  'failureThenSuccess',
  'confirmationFirst',
  'confirmationAfter',
  'confirmationAlone',
  'quietSuccess',
  'cancelled',
];
const faults: readonly PushFault[] = ['spike', 'locked', 'html', 'empty', 'silent'];

export function scenarioOf(dice: Dice): { name: string; scenario: Scenario } {
  const name = dice.pick(fates);
  return { name, scenario: scenarios[name] };
}

/** What the next prompt meets at the provider instead of being taken, or after it was; mostly nothing. */
export function faultOf(dice: Dice): PushFault | undefined {
  return dice.chance(0.04) ? dice.pick(faults) : undefined;
}
