/** Configurations of routers, kept whenever they changed. */
export { readExport, type Export } from './read-export';
