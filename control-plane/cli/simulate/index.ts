import type { Config } from '../../platform/config';
import { readFleetOptions } from './fleet-options';
import { simulateFleet } from './fleet';
import { simulateOne } from './one-router';

/** `lango simulate`: one simulated router with given users, or many with subscribers that are made through the API (docs/operate/simulate.md). */
export async function simulate(config: Config, args: readonly string[]): Promise<void> {
  if (args.some((arg) => arg.startsWith('--routers'))) await simulateFleet(readFleetOptions(config, args));
  else await simulateOne(config, args);
}
