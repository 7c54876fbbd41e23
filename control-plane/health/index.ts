export { askStatus, type StatusTarget } from './ask-status';
export { healthSource, type HealthExpectations } from './source';
