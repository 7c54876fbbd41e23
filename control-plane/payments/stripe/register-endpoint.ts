import { stripeOf, faultOf } from './client';
import { EVENTS } from './events';
import type { StripeSettings } from './settings';

export type Registered =
  /** `secret`: of an endpoint that was made now; it is told this once. */
  { kind: 'done'; secret: string | undefined } | { kind: 'fault'; text: string };

/**
 * Has Stripe tell its events to our address. An endpoint whose secret is not known is made anew: without it nothing that it tells can be believed.
 * A key that may not do this is no fault where somebody has given the secret of an endpoint of their own.
 */
export async function registerEndpoint(settings: StripeSettings, baseUrl: string, url: string): Promise<Registered> {
  const client = stripeOf(settings, baseUrl);
  const enabled_events = [...EVENTS];
  try {
    const { data } = await client.webhookEndpoints.list({ limit: 100 });
    const ours = data.filter((one) => one.url === url && one.status !== 'disabled');
    const [standing] = ours;
    if (standing && settings.webhook_secret) {
      await client.webhookEndpoints.update(standing.id, { enabled_events });
      return { kind: 'done', secret: undefined };
    }
    for (const one of ours) await client.webhookEndpoints.del(one.id);
    const made = await client.webhookEndpoints.create({ url, enabled_events, description: 'Lango' });
    return made.secret
      ? { kind: 'done', secret: made.secret }
      : { kind: 'fault', text: 'Stripe told no signing secret for the endpoint.' };
  } catch (error) {
    const { text } = faultOf(error);
    return settings.webhook_secret ? { kind: 'done', secret: undefined } : { kind: 'fault', text };
  }
}
