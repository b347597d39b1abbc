/** All rows, by the names that `node bench/run.ts NAME...` knows them by. */
import type { Measure } from '../support/row.ts';
import { inYard } from '../support/in-yard.ts';
import { firstLogin } from './first-login.ts';
import { idleMemory } from './idle-memory.ts';
import { interfaceHotPlug } from './interface-hot-plug.ts';
import { manyPorts } from './many-ports.ts';
import { manyServers } from './many-servers.ts';
import { portList } from './port-list.ts';
import { qemuServer } from './qemu-server.ts';
import { secondStart } from './second-start.ts';
import { serverCreate } from './server-create.ts';
import { tokens } from './tokens.ts';

export const ROWS: Readonly<Record<string, Measure>> = {
  'second-start': secondStart,
  'idle-memory': idleMemory,
  tokens,
  'server-create': serverCreate,
  'interface-hot-plug': interfaceHotPlug,
  'port-list': portList,
  'many-ports': manyPorts,
  'port-throughput': inYard('port-throughput'),
  'nat-throughput': inYard('nat-throughput'),
  'firewall-changes': inYard('firewall-changes'),
  storms: inYard('storms'),
  metadata: inYard('metadata'),
  'qemu-server': qemuServer,
  'many-servers': manyServers,
  'first-login': firstLogin,
};
