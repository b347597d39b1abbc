/** The reference model against the page and against cases that a person can check. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_CHANGE } from '../../src/drivers/dataplane/dataplane.ts';
import { FirewallModel } from './model.ts';
import { tableOnPage, tableText } from './page.ts';
import { sayPacket } from './packet.ts';
import { ROWS } from './table.ts';
import { passes, tableScene } from './table-subjects.ts';

test('the page shows the table that is tested', () => {
  assert.equal(
    tableOnPage(),
    tableText(),
    'node test/firewall/write-page.ts writes the table into the page',
  );
});

for (const direction of ['out', 'in'] as const) {
  test(`the model says of each row of the table, ${direction}, what the table says`, () => {
    const { network, peer, peerHost, subjects, group } = tableScene();
    for (const subject of subjects) {
      const model = new FirewallModel();
      const ports = [peer, ...subjects.map((one) => one.port)];
      model.apply({ ...NO_CHANGE, networks: [network], groups: [group], ports });
      const [from, to] =
        direction === 'out' ? [subject.port.id, peer.id] : [peer.id, subject.port.id];
      for (const row of ROWS.filter((one) => one.direction === direction)) {
        for (const packet of row.frames(subject.host, peerHost)) {
          const { arrivals } = model.send(from, packet);
          const said = `${subject.name}: ${row.frame}: ${sayPacket(packet)}`;
          assert.equal(arrivals.includes(to), passes(row, subject), said);
        }
      }
    }
  });
}
