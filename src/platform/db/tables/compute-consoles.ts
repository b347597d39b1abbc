/** The compute service's tickets to consoles. */

/** A ticket opens one server's console until it expires. */
export interface ConsoleTokensTable {
  /** SHA-256 of the token, in hexadecimal: who reads the database cannot open consoles. */
  token_hash: string;
  server_id: string;
  /** Such as `novnc` or `serial`. */
  console_type: string;
  expires_at: string;
  created_at: string;
}

export interface ConsoleTables {
  console_tokens: ConsoleTokensTable;
}
