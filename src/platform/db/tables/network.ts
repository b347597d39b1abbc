/** The tables of the network service. Columns are text and integer only; times are ISO text in UTC; booleans 0 and 1. */
// oxlint-disable-next-line typescript/no-empty-interface -- filled by its service
export interface NetworkTables {}
