/** Files of rows: reading CSV in whatever encoding and with whatever delimiter it comes, and keeping it until its columns are named. */
export { readCsv, type ReadOutcome, type Table } from './read-csv';
export {
  claimFile,
  dropFile,
  dropFileOf,
  fileOfRun,
  findFile,
  storeFile,
  type StoredFile,
  type StoreOutcome,
} from './store-file';
