/** Configurations of routers, kept whenever they changed. */
export { readExport, type Export } from './read-export';
export { keepConfiguration } from './keep-configuration';
export { isFresh } from './queries';
