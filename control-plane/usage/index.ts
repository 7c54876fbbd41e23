/** Usage: what a subscription has used, by hour, day and cycle. Written by accounting, only read here. */
export { usageOf, usageSteps, type UsageItem, type UsageStep, type UsageWindow } from './queries';
