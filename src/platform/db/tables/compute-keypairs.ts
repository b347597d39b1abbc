/** The table of key pairs. */
export interface KeyPairsTable {
  /** A running number, as the API shows it. */
  number: number;
  user_id: string;
  name: string;
  type: 'ssh' | 'x509';
  public_key: string;
  fingerprint: string;
  created_at: string;
}

export interface KeypairTables {
  key_pairs: KeyPairsTable;
}
