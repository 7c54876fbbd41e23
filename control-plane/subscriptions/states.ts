/** What a subscription is right now: stored status weighed with time and usage by subscription_state() in SQL. */
export const subscriptionStates = [
  'pending',
  'active',
  'throttled',
  'capped',
  'grace',
  'expired',
  'suspended',
  'paused',
  'ended',
] as const;
export type SubscriptionState = (typeof subscriptionStates)[number];

/** What staff, money or the subscriber can ask of a subscription. */
export const subscriptionActions = [
  'activate',
  'renew',
  'extend',
  'suspend',
  'resume',
  'pause',
  'change_plan',
  'top_up',
  'end',
] as const;
export type SubscriptionAction = (typeof subscriptionActions)[number];

/** The one table of what may be done when; docs/reference/subscriptions.md is drawn from it. */
const allowed: Record<SubscriptionState, readonly SubscriptionAction[]> = {
  pending: ['activate', 'suspend', 'change_plan', 'end'],
  active: ['renew', 'extend', 'suspend', 'pause', 'change_plan', 'top_up', 'end'],
  throttled: ['renew', 'extend', 'suspend', 'pause', 'change_plan', 'top_up', 'end'],
  capped: ['renew', 'extend', 'suspend', 'pause', 'change_plan', 'top_up', 'end'],
  grace: ['renew', 'extend', 'suspend', 'change_plan', 'top_up', 'end'],
  expired: ['renew', 'extend', 'suspend', 'change_plan', 'end'],
  suspended: ['resume', 'extend', 'change_plan', 'top_up', 'end'],
  paused: ['resume', 'extend', 'suspend', 'change_plan', 'top_up', 'end'],
  ended: [],
};

/** What stands in the way of an action in a state, as the remedy a person can follow. */
const remedies: Record<SubscriptionState, string> = {
  pending: 'it has not begun: activate it or post a payment first',
  active: 'it is running already',
  throttled: 'it is running already',
  capped: 'its data is used up: renew it or top it up',
  grace: 'its validity is over and its grace is running: renew it',
  expired: 'its validity is over: renew it',
  suspended: 'it is suspended: resume it first',
  paused: 'it is paused: resume it first',
  ended: 'it has ended for good: make a new subscription',
};

export function isAllowed(state: SubscriptionState, action: SubscriptionAction): boolean {
  return allowed[state].includes(action);
}

/** Actions a console may offer now. */
export function allowedActions(state: SubscriptionState): readonly SubscriptionAction[] {
  return allowed[state];
}

/** Why an action is refused in a state, with what to do instead. */
export function refusalOf(state: SubscriptionState, action: SubscriptionAction): string {
  return `Cannot ${action.replace('_', ' ')} a subscription that is ${state}: ${remedies[state]}.`;
}

/** The table as docs/reference/subscriptions.md shows it; a test holds the page to it. */
export function stateTable(): string {
  const words = subscriptionActions.map((action) => action.replace('_', ' '));
  const rows = subscriptionStates.map((state) => {
    const cells = subscriptionActions.map((action) => (isAllowed(state, action) ? 'yes' : ''));
    return `| ${[`**${state}**`, ...cells].join(' | ')} |`;
  });
  return [`| state | ${words.join(' | ')} |`, `|${'---|'.repeat(words.length + 1)}`, ...rows].join('\n');
}
