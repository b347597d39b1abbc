/**
 * Two ways to know which flow a bridged packet belongs to, and one set of rules for both. Where the kernel tracks
 * connections in nftables' bridge family, rules on flows stand there. Where it does not, br_netfilter shows bridged
 * packets to the `inet` family too, and packet marks carry from one family to the other what has been found out.
 */
import type { TableName } from './contents.ts';

export type Engine = 'bridge' | 'inet';

export const PORTS_TABLE = 'bridge stackyard';

/** The name of a table for `nft`, with its family. */
export function tableOf(table: TableName, engine: Engine): string {
  return table === 'ports' ? PORTS_TABLE : `${engine} stackyard-groups`;
}

/** What the name of the bridge is called where rules on flows stand. */
export function bridgeField(engine: Engine): string {
  return engine === 'bridge' ? 'meta ibrname' : 'iifname';
}

/** Switches of br_netfilter, by file name: which bridged packets are shown to the `inet` family. */
export function bridgeSwitches(engine: Engine): ReadonlyMap<string, '0' | '1'> {
  const shown = engine === 'inet' ? '1' : '0';
  return new Map([
    ['bridge-nf-call-iptables', shown],
    ['bridge-nf-call-ip6tables', shown],
    ['bridge-nf-call-arptables', '0'],
    // A tagged frame is judged as a frame, wherever it is judged.
    ['bridge-nf-filter-vlan-tagged', '0'],
  ]);
}

/** Succeeds where connections are tracked in the bridge family: the kernel loads what that needs when it is used. */
export const BRIDGE_ENGINE_TRIAL = `
table bridge stackyard-trial {
  map zones { typeof meta ibrname : ct zone; }
  chain zone {
    type filter hook prerouting priority -300
    ct zone set meta ibrname map @zones
  }
  chain flows {
    type filter hook prerouting priority -150
    ct state established ct direction reply ct original ip saddr 192.0.2.1 accept
  }
}
delete table bridge stackyard-trial
`;
