/** Boots the built image in real QEMUs, from its disk and from kernel and ramdisk. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { defaultCacheDir } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { writeConfigDrive } from '#drivers/hypervisor/qemu/config-drive.ts';
import { run } from '#drivers/run.ts';
import { BootedGuest } from '../support/booted-guest.ts';
import { buildTinyImage, type TinyImage } from '#drivers/guest-image/tiny-image.ts';

const signal = AbortSignal.timeout(300_000);
const MACS = ['52:54:00:00:00:10', '52:54:00:00:00:11', '52:54:00:00:00:12'] as const;
const LATE_MAC = '52:54:00:00:00:13';

const USER_DATA = `#!/bin/bash
echo "user data runs as $(id -un) on $(hostname) with \${BASH_VERSION%%.*}"
exit 7
`;

/** Every kind of translation that network functions use; the one with an effect here is masquerading. */
const NAT_RULES = `table ip nat {
  chain post { type nat hook postrouting priority srcnat; oifname "far0" masquerade; }
  chain pre { type nat hook prerouting priority dstnat; tcp dport 8080 dnat to 10.9.0.9:80; }
  chain source { type nat hook postrouting priority 101; ip saddr 192.0.2.1 snat to 10.9.0.2; }
}
table bridge guard {
  chain forward { type filter hook forward priority 0; ct state established accept; }
}
`;

describe('the tiny image', { timeout: 300_000 }, () => {
  let folder: string;
  let image: TinyImage;
  let key: string;
  const log: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiny-image-'));
    image = await build(join(folder, 'out'), log);
    key = join(folder, 'key');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key], { signal });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('is found again when nothing that goes into it has changed', async () => {
    const again: string[] = [];
    const second = await build(join(folder, 'again'), again);
    assert.deepEqual(again, ['the tiny image is up to date']);
    assert.equal(second.digest, image.digest);
    assert.deepEqual(await readFile(second.ramdisk), await readFile(image.ramdisk));
  });

  test('is small, and says what it is made of', async () => {
    assert.ok((await stat(image.ramdisk)).size < 13e6);
    assert.ok((await stat(image.disk)).size < 32e6);
    for (const name of ['busybox-static', 'dropbear-bin', 'nftables', 'libc6']) {
      assert.ok(image.packages.some((entry) => entry.startsWith(`${name}=`)));
    }
  });

  test('boots from its disk and does what a network function must', async (t) => {
    const disk = join(folder, 'disk.qcow2');
    const backing = ['-F', 'qcow2', '-b', image.disk];
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, disk], { signal });
    const drive = join(folder, 'config.iso');
    await writeConfigDrive(drive, await configDrive(key), { signal });
    await using guest = await BootedGuest.boot({
      boot: [...diskArguments(disk, 'off'), ...diskArguments(drive, 'on')],
      cards: MACS,
      memoryMib: 192,
      signal,
    });

    await t.test('names its cards in the order of their slots', async () => {
      for (const [index, mac] of MACS.entries()) {
        const pci = `0000:0${index + 1}:00.0`;
        await guest.seen(new RegExp(`stackyard-tiny: nic eth${index} mac=${mac} pci=${pci}`));
      }
      await guest.seen(/stackyard-tiny: up hostname=web-1 nics=3/);
    });

    await t.test('takes an address on the first card and says when it is ready', async () => {
      await guest.seen(/stackyard-tiny: ready hostname=web-1 eth0=10\.0\.2\.15\/24/);
    });

    await t.test('runs user data from the config drive', async () => {
      await guest.seen(/user data runs as root on web-1 with 5/);
      await guest.seen(/stackyard-tiny: user data ended exit=7/);
    });

    await t.test('lets the owner of the key in, with every tool on the PATH', async () => {
      const tools = 'ip bridge tc nft conntrack ping arping tcpdump iperf3 ssh nc httpd dd sysctl';
      const missing = `for tool in ${tools}; do command -v $tool >/dev/null || echo $tool; done`;
      assert.equal(await guest.ssh(key, missing), '');
      assert.match(await guest.ssh(key, 'timeout 5 ip -V'), /iproute2/);
    });

    await t.test('leaves the other cards down and without addresses', async () => {
      const links = JSON.parse(await guest.ssh(key, 'ip -json addr show')) as Link[];
      const others = links.filter(({ ifname }) => ['eth1', 'eth2'].includes(ifname));
      assert.equal(others.length, 2);
      for (const link of others)
        assert.deepEqual([link.flags.includes('UP'), link.addr_info], [false, []]);
    });

    await t.test('lets nobody in with another key, nor with a password', async () => {
      const stranger = join(folder, 'stranger');
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', stranger], { signal });
      await assert.rejects(guest.ssh(stranger, 'true'), isRefusalOfKey);
    });

    await t.test('sees packets between two of its own cards', async () => {
      const said = await guest.ssh(
        key,
        `ip netns add near && ip link set eth1 netns near
         ip -n near addr add 10.9.0.1/24 dev eth1 && ip -n near link set eth1 up
         ip addr add 10.9.0.2/24 dev eth2 && ip link set eth2 up
         arping -c 1 -w 3 -I eth2 10.9.0.1
         ip netns exec near tcpdump -c 1 -nn -i eth1 icmp 2>/dev/null & ping -c 3 -i 0.2 -W 3 10.9.0.1; wait`,
      );
      assert.match(said, /Received 1 response/);
      assert.match(said, /3 packets received, 0% packet loss/);
      assert.match(said, /IP 10\.9\.0\.\d > 10\.9\.0\.\d: ICMP echo/);
    });

    await t.test('translates addresses between two networks, which is dead without', async () => {
      await guest.ssh(
        key,
        `ip -n near route add default via 10.9.0.2
         ip netns add far && ip link add far0 type veth peer name far1 netns far
         ip addr add 192.0.2.1/24 dev far0 && ip link set far0 up
         ip -n far addr add 192.0.2.2/24 dev far1 && ip -n far link set far1 up
         sysctl -qw net.ipv4.ip_forward=1`,
      );
      const ping = 'ip netns exec near ping -c 1 -W 1 192.0.2.2';
      await assert.rejects(guest.ssh(key, ping));
      await guest.ssh(key, 'cat >/tmp/nat && nft -f /tmp/nat', NAT_RULES);
      assert.match(await guest.ssh(key, ping), / 0% packet loss/);
      assert.match(
        await guest.ssh(key, 'conntrack -L 2>/dev/null'),
        /icmp .*src=10\.9\.0\.1 .*dst=192\.0\.2\.1/,
      );
    });

    await t.test('bridges with VLANs, and filters in the bridge', async () => {
      const said = await guest.ssh(
        key,
        `ip link add br0 type bridge vlan_filtering 1 && ip link set eth2 master br0
         bridge vlan add dev eth2 vid 10 && bridge vlan show dev eth2 && nft list table bridge guard`,
      );
      assert.match(said, /eth2\s+1 PVID Egress Untagged\s+10/);
      assert.match(said, /ct state established accept/);
    });

    await t.test('takes a card plugged in while it runs and lets go of it', async () => {
      await guest.plug(3, LATE_MAC, 'shared');
      const [, name] = await guest.seen(
        new RegExp(`nic (eth\\d) mac=${LATE_MAC} pci=0000:04:00.0 added`),
      );
      assert.match(
        await guest.ssh(key, `cat /sys/class/net/${name}/address`),
        new RegExp(LATE_MAC),
      );
      await guest.unplug(3);
      await guest.seen(new RegExp(`nic ${name} removed`));
    });

    await t.test('keeps its host key through a reboot and runs user data once', async () => {
      const hostKey = await guest.hostKey();
      assert.match(hostKey, /ssh-ed25519/);
      await guest.ssh(key, 'setsid reboot >/dev/null 2>&1 &');
      await guest.seen(/stackyard-tiny: ready hostname=web-1/, 2);
      assert.equal(await guest.hostKey(), hostKey);
      assert.equal(
        await guest.ssh(
          key,
          'cat /state/user-data-done /run/log/user-data.log 2>/dev/null || true',
        ),
        `${UUID}\n`,
      );
    });

    await t.test('ends soon after its power button is pressed', async () => {
      const took = await guest.powerDown();
      t.diagnostic(`power button to end: ${Math.round(took)} ms`);
    });
  });

  test('boots from kernel and ramdisk with no disk and no card, and configures the first that is plugged in', async () => {
    await using guest = await BootedGuest.boot({
      boot: ['-kernel', image.kernel, '-initrd', image.ramdisk, '-append', 'console=ttyS0'],
      cards: [],
      memoryMib: 128,
      signal,
    });
    await guest.seen(/stackyard-tiny: ready hostname=tiny eth0=none/);
    await guest.plug(2, LATE_MAC, 'own');
    await guest.seen(/stackyard-tiny: address eth0=10\.0\.2\.15\/24/);
    await guest.powerDown();
  });
});

type Link = { ifname: string; flags: string[]; addr_info: unknown[] };

const UUID = '6f1d1f86-8a7c-4a53-9a3c-0123456789ab';

async function build(outputDir: string, log: string[]): Promise<TinyImage> {
  return await buildTinyImage({
    outputDir,
    cacheDir: defaultCacheDir(process.env, process.getuid?.() === 0),
    arch: 'amd64',
    signal,
    log: (message) => log.push(message),
  });
}

function isRefusalOfKey(cause: unknown): boolean {
  return (
    cause instanceof Fault && /Permission denied \(publickey\)/.test(JSON.stringify(cause.detail))
  );
}

async function configDrive(key: string): Promise<Record<string, string>> {
  const publicKey = await readFile(`${key}.pub`, 'utf8');
  const metadata = {
    uuid: UUID,
    hostname: 'web-1.novalocal',
    name: 'web "1" \\ é',
    public_keys: { 'my.key': publicKey },
    keys: [{ name: 'my.key', type: 'ssh', data: publicKey }],
    devices: [],
    meta: {},
  };
  return {
    'openstack/latest/meta_data.json': JSON.stringify(metadata),
    'openstack/latest/user_data': USER_DATA,
  };
}

function diskArguments(file: string, readOnly: 'on' | 'off'): string[] {
  const id = readOnly === 'on' ? 'config' : 'root';
  const format = readOnly === 'on' ? 'raw' : 'qcow2';
  return [
    '-drive',
    `file=${file},if=none,id=${id},format=${format},read-only=${readOnly}`,
    '-device',
    `virtio-blk-pci,drive=${id}`,
  ];
}
