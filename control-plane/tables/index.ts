/** Lists as each person has set them up: chosen columns and saved views, and the one way to make a list's pages. */
export { dayFilters, dayQuery, dayRange, named, none, oneOf } from './filters';
export { listModel, listPages, type Asked, type ListSpec } from './list-pages';
export { listSettings } from './settings';
