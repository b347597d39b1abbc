/** Every row of the table in `docs/compat/firewall.md`, with real frames. */
import assert from 'node:assert/strict';
import type { Check } from '../dataplane/check.ts';
import { openPlane, type DataplaneWorld } from '../dataplane/world.ts';
import { Exchange } from './exchange.ts';
import { sayPacket } from './packet.ts';
import { ROWS } from './table.ts';
import { passes, tableScene } from './table-subjects.ts';

export const tableChecks: readonly Check<DataplaneWorld>[] = (['out', 'in'] as const).map(
  (direction) => ({
    name: `every row of the table, ${direction === 'out' ? 'out of' : 'into'} a guest, for every mode`,
    run: async (world) => {
      await using plane = openPlane(world);
      const scene = tableScene();
      const { network, peer, peerHost, subjects, group } = scene;
      const ports = [peer, ...subjects.map((subject) => subject.port)];
      await plane.apply({ networks: [network], groups: [group], ports });
      await using exchange = await Exchange.open(world, ports);
      const wrong: string[] = [];
      for (const subject of subjects) {
        const [from, to] =
          direction === 'out' ? [subject.port.id, peer.id] : [peer.id, subject.port.id];
        const rows = ROWS.filter((row) => row.direction === direction);
        const sent = rows.flatMap((row) =>
          row.frames(subject.host, peerHost).map((packet) => ({ row, packet, from })),
        );
        const holders = await exchange.send(sent);
        for (const [index, { row, packet }] of sent.entries()) {
          const passed = holders[index]?.includes(to) ?? false;
          if (passed === passes(row, subject)) continue;
          const should = passed
            ? 'passed and should not have'
            : 'was dropped and should have passed';
          wrong.push(`${subject.name}: ${row.frame}: ${should}: ${sayPacket(packet)}`);
        }
      }
      await plane.apply({ absentGroups: [group.id] });
      assert.equal(wrong.join('\n'), '');
    },
  }),
);
