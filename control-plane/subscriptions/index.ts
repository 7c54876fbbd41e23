/** Subscriptions: one subscriber's running purchase of one plan version, with one RADIUS username. */
export { addValidity, type Validity } from './add-validity';
export { createSubscription } from './create-subscription';
export { changeSubscription } from './change-subscription';
export { activateSubscription } from './activate-subscription';
export { renewFromWallet, renewSubscription, settlePurchases } from './renew-subscription';
export { extendSubscription } from './extend-subscription';
export { suspendSubscription } from './suspend-subscription';
export { resumeSubscription } from './resume-subscription';
export { pauseSubscription } from './pause-subscription';
export { changePlan, previewPlanChange, type PlanChange, type PlanChangePreview } from './change-plan';
export { turnPostpaid, turnPrepaid } from './turn-postpaid';
export { settlements, type Settlement } from './settlements';
export { openWallet, bookFromWallet } from './wallet';
export { topUpSubscription } from './top-up-subscription';
export { beginUntil } from './begin-until';
export { sellMany, type Sale } from './sell-many';
export { setBack } from './set-back';
export { planTakeBack, takeBack, type TakeBack } from './take-back';
export { endSubscription } from './end-subscription';
export { endMany } from './end-many';
export { findSubscription, listSubscriptions, type SubscriptionFilter } from './queries';
export { lockSubscription, lockSubscriptions, readHeld, type Held, type Locked, type Outcome } from './standing';
export { versionDue } from './start-cycle';
export {
  allowedActions,
  isAllowed,
  refusalOf,
  subscriptionActions,
  subscriptionStates,
  type SubscriptionAction,
  type SubscriptionState,
} from './states';
export {
  changePlanInput,
  extendInput,
  newSubscription,
  newSubscriptionOfClient,
  subscriptionAnswer,
  subscriptionPatch,
  suspendInput,
  topUpInput,
  type NewSubscription,
  type Subscription,
  type SubscriptionPatch,
} from './schema';
