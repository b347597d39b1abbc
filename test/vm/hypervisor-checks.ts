/** Checks of the QEMU driver with real guests; a few boots, each made the most of. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { DomainSpec, NicSpec } from '#base/host/domain.ts';
import { changeOf, hypervisorContract } from '../../src/drivers/hypervisor/contract.ts';
import type { Hypervisor } from '../../src/drivers/hypervisor/hypervisor.ts';
import { openQmp } from '../../src/drivers/hypervisor/qemu/qmp/connection.ts';
import { markProcess } from '../../src/drivers/processes.ts';
import { run } from '../../src/drivers/run.ts';
import { until, type Check } from '../dataplane/check.ts';
import {
  domainPath,
  imageRef,
  makeNics,
  openHypervisor,
  pidOf,
  said,
  specOf,
  tinyKernel,
  type VmWorld,
} from './hypervisor-world.ts';

const UP = /stackyard-tiny: up /;

export const hypervisorChecks: readonly Check<VmWorld>[] = [
  {
    name: 'QEMU keeps the promises of every hypervisor, and guests see their cards in the order of their slots',
    run: keepsContract,
  },
  {
    name: 'a guest booted from its disk gets its config drive; that it powers itself off while no agent is there is no crash',
    run: async (world) => {
      await using before = openHypervisor(world);
      const rootDisk = { image: imageRef('qcow2', world.image.disk), sizeGib: 1 };
      const userData = '#!/bin/sh\necho "root disk has $(cat /sys/block/vda/size) sectors"\n';
      const configDrive = {
        'openstack/latest/meta_data.json': JSON.stringify({ uuid: 'u', hostname: 'web-1' }),
        'openstack/latest/user_data': userData,
      };
      const part = { rootDisk, configDrive, ephemeralGib: 1, boot: { kind: 'disk' as const } };
      const spec = specOf(world, part);
      await before.hypervisor.ensureStarted(spec, world);
      await said(world, before.hypervisor, spec.id, /stackyard-tiny: ready hostname=web-1/);
      await said(world, before.hypervisor, spec.id, /root disk has 2097152 sectors/);
      await before.hypervisor.close();
      const pid = await pidOf(world, spec.id);
      await pressPowerButton(world, spec.id);
      await using after = openHypervisor(world);
      assert.equal((await after.hypervisor.observe(spec.id, world)).power, 'stopped');
      assert.equal(markProcess(pid), undefined);
    },
  },
  {
    name: 'a guest that talks without end fills no disk, and may reset itself without being restarted',
    run: async (world) => {
      await using host = openHypervisor(world, { consoleLogBytes: 4096, consoleCheckMs: 20 });
      const { hypervisor } = host;
      // Without a ramdisk the kernel finds nothing to run, panics, and does so for ever.
      const commandLine = 'console=ttyS0 ignore_loglevel panic=-1';
      const boot = { ...tinyKernel(world), ramdisk: null, commandLine };
      const spec = specOf(world, { boot });
      await hypervisor.ensureStarted(spec, world);
      const pid = await pidOf(world, spec.id);
      const reset = changeOf(hypervisor, spec.id, world.signal);
      const log = domainPath(world, spec.id, 'console.log');
      let last = 0;
      for (const time of ['once', 'twice']) {
        const isNew = async () => ![0, last].includes(await inode(`${log}.1`));
        await until(`the log was begun anew ${time}`, isNew, 60_000);
        last = await inode(`${log}.1`);
      }
      await reset;
      const text = await hypervisor.readConsole(spec.id, null, world);
      assert.ok(text.length >= 4096 && text.length <= 2 * 4096, `${text.length} characters`);
      const { size, uid } = await stat(log);
      assert.ok(size < 64 * 1024, `${size} bytes`);
      assert.equal(uid, world.guestUid ?? process.getuid?.());
      assert.equal((await hypervisor.observe(spec.id, world)).power, 'running');
      assert.equal(await pidOf(world, spec.id), pid);
    },
  },
  {
    name: 'a console is not led elsewhere, outlives the agent, and a serial port goes on when its log is begun anew',
    run: async (world) => {
      await using host = openHypervisor(world, { consoleLogBytes: 4096, consoleCheckMs: 20 });
      // Without a ramdisk the kernel finds nothing to run, panics, and does so for ever.
      const commandLine = 'console=ttyS0 ignore_loglevel panic=-1';
      const boot = { ...tinyKernel(world), ramdisk: null, commandLine };
      const spec = specOf(world, { boot });
      await host.hypervisor.ensureStarted(spec, world);
      const serial = await host.hypervisor.openConsole({ server: spec.id, type: 'serial' }, world);
      const log = domainPath(world, spec.id, 'console.log.1');
      let before = 0;
      for (const time of ['once', 'twice', 'three times']) {
        const isNew = async () => ![0, before].includes(await inode(log));
        await until(`the log was begun anew ${time}`, isNew, 60_000);
        before = await inode(log);
        serial.read();
        await once(serial, 'readable', world);
      }
      serial.destroy();
      const screen = { server: spec.id, type: 'vnc' } as const;
      await greets(await host.hypervisor.openConsole(screen, world));
      await host.hypervisor.close();
      await using later = openHypervisor(world);
      await later.hypervisor.observe(spec.id, world);
      const viewers = await Promise.all([
        later.hypervisor.openConsole(screen, world),
        later.hypervisor.openConsole(screen, world),
      ]);
      await Promise.all(viewers.map(greets));
      await later.hypervisor.close();
      // As a guest of an earlier version has it: a log and no socket.
      const deaf = { onEvent: () => undefined, onClose: () => undefined };
      const qmp = await openQmp(domainPath(world, spec.id, 'run', 'qmp.sock'), deaf, world);
      const data = { out: domainPath(world, spec.id, 'console.log'), append: true };
      const backend = { type: 'file', data };
      await qmp.execute('chardev-change', { id: 'serial', backend }, world);
      qmp.close();
      await using latest = openHypervisor(world);
      await latest.hypervisor.observe(spec.id, world);
      const port = await latest.hypervisor.openConsole({ server: spec.id, type: 'serial' }, world);
      await once(port, 'data', world);
      port.destroy();
      // What a guest that has broken out could do in the directory that is QEMU's own.
      await symlink(
        domainPath(world, spec.id, 'run', 'qmp.sock'),
        domainPath(world, spec.id, 'run', 'vnc.sock'),
      );
      const led = latest.hypervisor.openConsole(screen, world);
      await assert.rejects(led, { code: 'ConsoleTypeUnavailable' });
    },
  },
  {
    name: 'a guest has no rights on its host',
    run: async (world) => {
      await using host = openHypervisor(world);
      const spec = specOf(world, { power: 'paused', nics: await makeNics(world, [0]) });
      await host.hypervisor.ensureStarted(spec, world);
      const status = await readFile(`/proc/${await pidOf(world, spec.id)}/status`, 'utf8');
      const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1];
      assert.equal(field('Seccomp'), '2');
      assert.equal(field('NoNewPrivs'), '1');
      if (world.guestUid === null) return;
      const uid = String(world.guestUid);
      assert.deepEqual(field('Uid')?.split('\t'), [uid, uid, uid, uid]);
      assert.deepEqual(field('Gid')?.split('\t'), [uid, uid, uid, uid]);
      assert.equal(field('Groups')?.trim(), '');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
        assert.equal(field(set), '0000000000000000', set);
      }
      for (const [name, mode] of Object.entries({ '.': 0o750, 'domain.json': 0o600 })) {
        const { uid: owner, mode: found } = await stat(domainPath(world, spec.id, name));
        assert.deepEqual([owner, found & 0o777], [0, mode], name);
      }
    },
  },
  {
    name: 'a guest is found by an agent whose predecessor died before it knew that the guest had started',
    run: async (world) => {
      const spec = specOf(world, { power: 'paused' });
      await using before = openHypervisor(world);
      await before.hypervisor.ensureStarted(spec, world);
      const pid = await pidOf(world, spec.id);
      await before.hypervisor.close();
      const file = domainPath(world, spec.id, 'domain.json');
      const record = await readFile(file, 'utf8');
      await writeFile(file, record.replace('"started"', '"starting"'));
      await rm(domainPath(world, spec.id, 'run', 'qemu.pid'));
      await using after = openHypervisor(world);
      assert.equal((await after.hypervisor.observe(spec.id, world)).power, 'paused');
      process.kill(pid, 'SIGKILL');
      await until(
        'it is gone',
        async () => await powerIs(after.hypervisor, spec, 'crashed', world),
      );
    },
  },
  {
    name: 'a guest whose directory was deleted is still found and removed',
    run: async (world) => {
      await using host = openHypervisor(world);
      const spec = specOf(world, { power: 'paused' });
      await host.hypervisor.ensureStarted(spec, world);
      const pid = await pidOf(world, spec.id);
      await host.hypervisor.close();
      await rm(domainPath(world, spec.id), { recursive: true });
      await using later = openHypervisor(world);
      assert.deepEqual(await later.hypervisor.list(world), [spec.id]);
      await later.hypervisor.ensureAbsent(spec.id, world);
      assert.equal(markProcess(pid), undefined);
    },
  },
  {
    name: 'a directory that was only half made is found, and can be completed or removed',
    run: async (world) => {
      await using host = openHypervisor(world);
      const { hypervisor } = host;
      const spec = specOf(world, { power: 'paused', ephemeralGib: 1 });
      await mkdir(domainPath(world, spec.id), { recursive: true });
      await writeFile(domainPath(world, spec.id, 'ephemeral.qcow2.new'), 'half a disk');
      assert.deepEqual(await hypervisor.list(world), [spec.id]);
      assert.equal((await hypervisor.observe(spec.id, world)).power, 'stopped');
      await hypervisor.ensureStarted(spec, world);
      assert.equal((await hypervisor.observe(spec.id, world)).power, 'paused');
    },
  },
  {
    name: 'a start that fails says why and leaves nothing',
    run: async (world) => {
      await using host = openHypervisor(world);
      const { hypervisor } = host;
      const nics = await makeNics(world, [0]);
      const missing = { ...tinyKernel(world), kernel: imageRef('aki', '/nonexistent/kernel') };
      const noKernel = specOf(world, { boot: missing, nics });
      await assert.rejects(hypervisor.ensureStarted(noKernel, world), ({ code, detail }) => {
        assert.equal(code, 'DomainStartFailed');
        assert.match(detail.stderr, /could not open kernel file|\/nonexistent\/kernel/);
        return true;
      });
      const noTap = specOf(world, { nics: nics.map((nic) => ({ ...nic, tap: 'tap-missing' })) });
      await assert.rejects(hypervisor.ensureStarted(noTap, world), { code: 'TapMissing' });
      const rootDisk = { image: imageRef('qcow2', world.image.kernel), sizeGib: 1 };
      const noImage = hypervisor.ensureStarted(specOf(world, { rootDisk }), world);
      await assert.rejects(noImage, { code: 'ImageUnacceptable' });
      assert.deepEqual(await hypervisor.list(world), []);
    },
  },
  {
    name: 'a start that is broken off leaves nothing, whenever that is',
    run: async (world) => {
      await using host = openHypervisor(world);
      const { hypervisor } = host;
      await hypervisor.info(world);
      const rootDisk = { image: imageRef('qcow2', world.image.disk), sizeGib: 1 };
      for (const afterMs of [0, 5, 15, 40]) {
        const spec = specOf(world, { rootDisk, configDrive: { 'a/b': 'c' } });
        const signal = AbortSignal.timeout(afterMs);
        await assert.rejects(hypervisor.ensureStarted(spec, { signal }));
        assert.deepEqual(await hypervisor.list(world), []);
      }
    },
  },
  {
    name: 'an ISO image is in the CD drive, and needs no disk',
    run: async (world) => {
      await using host = openHypervisor(world);
      const iso = join(world.stateDir, 'boot.iso');
      await run('genisoimage', ['-quiet', '-o', iso, world.image.kernel], world);
      const rootDisk = { image: imageRef('iso', 'boot.iso'), sizeGib: 5 };
      const spec = specOf(world, { rootDisk, boot: { kind: 'disk' }, power: 'paused' });
      await host.hypervisor.ensureStarted(spec, world);
      assert.equal((await host.hypervisor.observe(spec.id, world)).power, 'paused');
      await assert.rejects(stat(domainPath(world, spec.id, 'root.qcow2')), { code: 'ENOENT' });
    },
  },
];

/** A screen says its version of the RFB protocol to whoever comes. */
async function greets(screen: Duplex): Promise<void> {
  const [greeting] = (await once(screen, 'data')) as [Buffer];
  assert.equal(greeting.toString(), 'RFB 003.008\n');
  screen.destroy();
}

async function keepsContract(world: VmWorld): Promise<void> {
  let current = openHypervisor(world);
  const [spare, ...nics] = await makeNics(world, [2, 0, 1, 3]);
  assert.ok(spare);
  const spec = specOf(world, { nics, reboot: { count: 3, type: 'hard' } });
  const contract = {
    hypervisor: current.hypervisor,
    successor: async (): Promise<Hypervisor> => {
      await current.hypervisor.close();
      current = openHypervisor(world);
      return current.hypervisor;
    },
    spec,
    spare,
    booted: async () => {
      await said(world, current.hypervisor, spec.id, UP);
      for (const [index, nic] of nics.entries()) {
        await said(world, current.hypervisor, spec.id, seenAt(nic, `eth${index}`));
      }
    },
    kill: async () => void process.kill(await pidOf(world, spec.id), 'SIGKILL'),
    signal: world.signal,
  };
  for (const check of hypervisorContract) {
    try {
      await check.run(contract);
      if (check.name.includes('plugged into the gap')) {
        await said(world, current.hypervisor, spec.id, seenAt(spare, 'eth3 added'));
      }
      if (check.name.includes('is unplugged')) {
        await said(world, current.hypervisor, spec.id, /nic eth3 removed/);
      }
      if (check.name.includes('started again')) await contract.booted();
    } catch (cause) {
      throw new Error(`It breaks a promise: ${check.name}`, { cause });
    }
  }
  await current.hypervisor.close();
}

/** What a guest says of a card that it sees on the bus of its slot. */
function seenAt({ mac, slot }: NicSpec, words: string): RegExp {
  const [name, added = ''] = words.split(' ');
  const bus = (slot + 1).toString(16).padStart(2, '0');
  return new RegExp(`nic ${name} mac=${mac} pci=0000:${bus}:00\\.0.*${added}`);
}

/** What an agent that is not there would do, and then the guest ends. */
async function pressPowerButton(world: VmWorld, id: string): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const listeners = {
    onEvent: ({ name }: { name: string }) => name === 'SHUTDOWN' && ended.resolve(),
    onClose: () => ended.reject(new Error('QEMU ended by itself')),
  };
  const qmp = await openQmp(domainPath(world, id, 'run', 'qmp.sock'), listeners, world);
  await qmp.execute('system_powerdown', {}, world);
  await ended.promise;
  qmp.close();
}

async function powerIs(
  hypervisor: Hypervisor,
  { id }: DomainSpec,
  power: string,
  world: VmWorld,
): Promise<boolean> {
  return (await hypervisor.observe(id, world)).power === power;
}

async function inode(path: string): Promise<number> {
  return await stat(path).then(
    ({ ino }) => ino,
    () => 0,
  );
}
