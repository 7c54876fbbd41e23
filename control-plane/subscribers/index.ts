/** Subscribers: who buys service. The API calls them clients. */
export { companyPhone, createSubscriber, createSubscribers, type SubscriberOutcome } from './create-subscriber';
export { changeSubscriber } from './change-subscriber';
export { removeServiceless, removeSubscriber } from './remove-subscriber';
export { findSubscriber, listSubscribers, toSubscriber, type SubscriberFilter } from './queries';
export {
  newSubscriber,
  subscriberPatch,
  subscriberAnswer,
  type NewSubscriber,
  type Subscriber,
  type SubscriberPatch,
} from './schema';
export { normalizePhone } from './phone';
export { countPeople, peopleFilter, type ListFilter } from './list.filter';
export { readTyped, filterJson, TYPED_MIN, type Typed, type PeopleFilter } from './search';
