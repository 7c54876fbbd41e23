/** Files of rows: reading CSV in whatever encoding and with whatever delimiter it comes. */
export { readCsv, ROWS_MAX, type ReadOutcome, type Table } from './read-csv';
