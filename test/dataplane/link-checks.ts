/** What the Linux data plane promises about links and frames, seen from inside a yard. */
import { pinnedTo } from '#base/host/firewall.ts';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { execPath } from 'node:process';
import { run } from '../../src/drivers/run.ts';
import { bridgeName, serviceLinkName } from '../../src/drivers/dataplane/linux/names.ts';
import { probeDataplane } from '../../src/drivers/dataplane/linux/probe.ts';
import { until, type Check } from './check.ts';
import { BROADCAST, openWires, textFrame, textsOf, untilText, type Wire } from './wires.ts';
import {
  changeOf,
  linkNames,
  networkOf,
  openPlane,
  portOf,
  ruledTaps,
  textsFrom,
  untilForwarding,
  type DataplaneWorld,
} from './world.ts';

export const linkChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'the machine has what the data plane needs, and the probe says so',
    run: async (world) => {
      const links = await linkNames(world);
      const findings = await probeDataplane(world);
      assert.deepEqual(
        findings.filter((finding) => !finding.ok),
        [],
      );
      assert.deepEqual(await linkNames(world), links);
    },
  },
  {
    name: 'a network is a bridge and a port is a tap on it, with the MTU and the whole id of each',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const port = portOf(network);
      await plane.apply({ networks: [network], ports: [port] });
      const bridge = await showLink(world, bridgeName(network.id));
      assert.equal(bridge.ifalias, network.id);
      assert.equal(bridge.mtu, 1450);
      assert.equal(bridge.linkinfo.info_data?.['stp_state'], 0);
      const tap = await showLink(world, port.tap);
      assert.equal(tap.ifalias, port.id);
      assert.equal(tap.mtu, 1450);
      assert.equal(tap.master, bridgeName(network.id));
      assert.equal(tap.linkinfo.info_data?.['user'], world.guestUid ?? undefined);
      const addresses = await run('ip', ['-oneline', 'address'], world);
      assert.doesNotMatch(addresses, /: (br|tap)/, 'the yard has no address on a network');
      assert.deepEqual(await plane.dataplane.observe(world), {
        networks: [network.id],
        ports: [{ id: port.id, plugged: true, carrier: false, storm: 'ok' }],
        groups: [],
        members: [],
        addressGroups: [],
        routers: [],
      });
    },
  },
  {
    name: 'applying again what is so runs no command; a restarted agent only looks',
    run: async (world) => {
      const network = networkOf();
      const ports = [portOf(network), portOf(network, { firewall: null })];
      {
        await using plane = openPlane(world);
        await plane.apply({ networks: [network], ports });
        plane.commands();
        await plane.apply({ networks: [network], ports });
        assert.deepEqual(plane.commands(), []);
      }
      await using again = openPlane(world);
      await again.apply({ networks: [network], ports });
      const enter = `nsenter --net=/run/netns/qdhcp-${network.id} -- sh -c`;
      const commands = again.commands().map((line) => (line.startsWith(enter) ? enter : line));
      assert.deepEqual(commands.toSorted(), [
        'bridge -json fdb show',
        'ip -details -json link show',
        'nft --json list ruleset',
        'nft -f -', // tries which engine the kernel has
        'nft -f -', // and whether it can say where frames go
        enter, // who may ask for metadata is numbered anew
      ]);
    },
  },
  {
    name: 'one more port among hundreds costs one transaction and one batch',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const ports = Array.from({ length: 200 }, () => portOf(network));
      await plane.apply({ networks: [network], ports });
      assert.equal((await linkNames(world)).length, 203);
      plane.commands();
      await plane.apply({ ports: [portOf(network)] });
      assert.deepEqual(plane.commands(), [
        'nft -f -',
        'setpriv --pdeathsig KILL ip -force -batch -',
        'setpriv --pdeathsig KILL bridge -force -batch -',
        `nsenter --net=/run/netns/qdhcp-${network.id} -- nft -f -`,
      ]);
    },
  },
  {
    name: 'frames pass between ports of a network and never to another network with the same addresses',
    run: async (world) => {
      await using plane = openPlane(world);
      const [red, blue] = [networkOf(), networkOf()];
      const ports = [portOf(red), portOf(red), portOf(blue), portOf(blue)];
      // The same MAC on both networks, as two tenants may choose.
      const twin = { ...ports[3]!, mac: ports[1]!.mac, firewall: textsFrom(ports[1]!.mac) };
      const [a, b, c, d] = [ports[0]!, ports[1]!, ports[2]!, twin];
      await plane.apply({ networks: [red, blue], ports: [a, b, c, d] });
      await using wires = await hold(world, [a, b, c, d]);
      const [wa, wb, wc, wd] = [a, b, c, d].map((port) => wires.wire(port.tap)) as Wires4;
      wa.send(textFrame(a.mac, BROADCAST, 'red to all'));
      wc.send(textFrame(c.mac, BROADCAST, 'blue to all'));
      await untilText(wb, 'red to all');
      await untilText(wd, 'blue to all');
      wb.send(textFrame(b.mac, a.mac, 'red back'));
      wd.send(textFrame(d.mac, c.mac, 'blue back'));
      await untilText(wa, 'red back');
      await untilText(wc, 'blue back');
      assert.deepEqual([wa, wb, wc, wd].map(textsOf), [
        ['red back'],
        ['red to all'],
        ['blue back'],
        ['blue to all'],
      ]);
    },
  },
  {
    name: 'a guest can only send from MACs that its port allows',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const extra = 'fa:16:3e:11:22:33';
      const from = portOf(network);
      const other = portOf(network);
      await plane.apply({ networks: [network], ports: [from, other] });
      await using wires = await hold(world, [from, other]);
      const [wire, seen] = [wires.wire(from.tap), wires.wire(other.tap)];
      const say = (mac: string, text: string) => wire.send(textFrame(mac, BROADCAST, text));

      say(extra, 'forged');
      say(other.mac, 'forged as the other');
      say(from.mac, 'own');
      await untilText(seen, 'own');

      await plane.apply({ ports: [{ ...from, firewall: textsFrom(from.mac, extra) }] });
      say(extra, 'allowed pair');
      await untilText(seen, 'allowed pair');

      await plane.apply({ ports: [{ ...from, firewall: textsFrom(extra) }] });
      say(from.mac, 'no longer allowed');
      say(extra, 'still allowed');
      await untilText(seen, 'still allowed');

      await plane.apply({ ports: [{ ...from, firewall: null }] });
      say('fa:16:3e:99:99:99', 'port security off');
      await untilText(seen, 'port security off');

      await plane.apply({ ports: [from] });
      say('fa:16:3e:99:99:99', 'forged again');
      say(from.mac, 'last');
      await untilText(seen, 'last');
      const passed = ['own', 'allowed pair', 'still allowed', 'port security off', 'last'];
      assert.deepEqual(textsOf(seen), passed);
    },
  },
  {
    name: 'a tap on a bridge of which the rules say nothing passes nothing',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const [from, other] = [portOf(network), portOf(network)];
      await plane.apply({ networks: [network], ports: [from, other] });
      await using wires = await hold(world, [from, other]);
      const say = (text: string) => wires.wire(from.tap).send(textFrame(from.mac, BROADCAST, text));
      await run('nft', [`delete element bridge stackyard senders { "${from.tap}" }`], world);
      const before = await received(world, from.tap);
      say('without rules');
      await until('the tap took it', async () => (await received(world, from.tap)) > before);
      await plane.dataplane.observe(world);
      await plane.apply({ ports: [from] });
      say('with rules');
      await untilText(wires.wire(other.tap), 'with rules');
      assert.deepEqual(textsOf(wires.wire(other.tap)), ['with rules']);
    },
  },
  {
    name: 'nothing passes a port or a network that is administratively down, and all does when it is up again',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const [a, b, c] = [portOf(network), portOf(network), portOf(network)];
      await plane.apply({ networks: [network], ports: [a, b, c] });
      await using wires = await hold(world, [a, b, c]);
      const [wa, wb, wc] = [a, b, c].map((port) => wires.wire(port.tap)) as Wires3;
      const say = (text: string) => wa.send(textFrame(a.mac, BROADCAST, text));

      await plane.apply({ ports: [{ ...b, adminStateUp: false }] });
      say('b is down');
      await untilText(wc, 'b is down');
      await plane.apply({ ports: [b] });
      await untilForwarding(world, [b]);
      say('b is up');
      await untilText(wb, 'b is up');

      await plane.apply({ networks: [{ ...network, adminStateUp: false }] });
      const before = await received(world, a.tap);
      say('network is down');
      await until('the tap took it', async () => (await received(world, a.tap)) > before);
      await plane.apply({ networks: [network] });
      say('network is up');
      await untilText(wc, 'network is up');
      assert.deepEqual(textsOf(wb), ['b is up', 'network is up']);
      assert.deepEqual(textsOf(wc), ['b is down', 'b is up', 'network is up']);
    },
  },
  {
    name: 'frames as large as the MTU pass and larger ones do not, also after it has changed',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf({ mtu: 1400 });
      const [a, b] = [portOf(network), portOf(network)];
      await plane.apply({ networks: [network], ports: [a, b] });
      await using wires = await hold(world, [a, b]);
      const seen = wires.wire(b.tap);
      const say = (text: string, bytes: number) =>
        wires.wire(a.tap).send(textFrame(a.mac, b.mac, text, 14 + bytes));
      say('1401 of 1400', 1401 + 4); // the kernel leaves room for a VLAN tag
      say('1400 of 1400', 1400);
      await untilText(seen, '1400 of 1400');
      const larger = { ...network, mtu: 9000 };
      const ports = [a, b].map((port) => ({ ...port, mtu: 9000 }));
      await plane.apply({ networks: [larger], ports });
      say('9001 of 9000', 9001 + 4);
      say('9000 of 9000', 9000);
      await untilText(seen, '9000 of 9000');
      assert.deepEqual(textsOf(seen), ['1400 of 1400', '9000 of 9000']);
    },
  },
  {
    name: 'it is told when a guest takes a tap and when it lets go, also after the monitor was killed',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const port = portOf(network);
      const told: string[] = [];
      plane.dataplane.onPortChange((id, carrier) => told.push(`${id} ${String(carrier)}`));
      await plane.apply({ networks: [network], ports: [port] });
      for (const round of ['first', 'after the kill']) {
        told.length = 0;
        {
          // Other ports are being plugged meanwhile.
          const others = Array.from({ length: 50 }, () => portOf(network));
          const busy = plane.apply({ ports: others });
          await using _wires = await hold(world, [port]);
          await busy;
          await until(`${round}: up`, () => told.includes(`${port.id} true`));
          const { ports } = await plane.dataplane.observe(world);
          const seen = ports.filter((one) => one.carrier);
          assert.deepEqual(seen, [{ id: port.id, plugged: true, carrier: true, storm: 'ok' }]);
        }
        await until(`${round}: down`, () => told.includes(`${port.id} false`));
        told.length = 0;
        if (round === 'first') {
          process.kill(await monitorPid(world), 'SIGKILL');
          await until('told of all after the gap', () => told.includes(`${port.id} false`));
        }
      }
    },
  },
  {
    name: 'the link monitor of an agent that was killed ends with it',
    run: async (world) => {
      const before = await monitorPids(world);
      assert.deepEqual(before, []);
      const program = `
        import { LinkMonitor } from '${import.meta.dirname}/../../src/drivers/dataplane/linux/link-monitor.ts';
        new LinkMonitor(() => undefined, () => undefined, console);
        const ready = setInterval(async () => {
          const { run } = await import('${import.meta.dirname}/../../src/drivers/run.ts');
          const found = await run('pgrep', ['-P', String(process.pid), 'ip'], { signal: AbortSignal.timeout(5000) }).catch(() => '');
          if (found !== '') process.kill(process.pid, 'SIGKILL');
        }, 5);
      `;
      await run(execPath, ['--input-type=module', '--eval', program], world).catch(() => undefined);
      await until('no monitor is left', async () => (await monitorPids(world)).length === 0);
    },
  },
  {
    name: 'what somebody deleted or changed behind its back is found by a look and repaired',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const [a, b] = [portOf(network), portOf(network)];
      const all = { networks: [network], ports: [a, b] };
      await plane.apply(all);
      const pluggedPorts = async () => {
        const { ports } = await plane.dataplane.observe(world);
        return ports.filter((port) => port.plugged).map((port) => port.id);
      };
      await run('ip', ['link', 'del', a.tap], world);
      await run('ip', ['link', 'set', b.tap, 'nomaster', 'mtu', '1000'], world);
      assert.deepEqual(await pluggedPorts(), []);
      await plane.apply(all);
      assert.equal((await showLink(world, a.tap)).master, bridgeName(network.id));
      const repaired = await showLink(world, b.tap);
      assert.deepEqual([repaired.master, repaired.mtu], [bridgeName(network.id), 1450]);

      await run('nft', ['flush ruleset'], world);
      assert.deepEqual(await pluggedPorts(), [], 'without rules nothing passes');
      await plane.apply(all);
      assert.equal((await ruledTaps(world)).length, 2);

      // Without a look it finds out when the kernel refuses.
      await run('ip', ['link', 'del', bridgeName(network.id)], world);
      await run('nft', ['flush ruleset'], world);
      const c = portOf(network);
      await plane.apply({ networks: [network], ports: [c] });
      assert.deepEqual(await pluggedPorts(), [c.id]);
      await plane.apply(all);
      assert.equal((await pluggedPorts()).length, 3);
    },
  },
  {
    name: 'one port that cannot be plugged is named with the reason, and the others are plugged',
    run: async (world) => {
      await using plane = openPlane(world);
      const network = networkOf();
      const good = [portOf(network), portOf(network)];
      const homeless = portOf(networkOf());
      const forged = {
        ...portOf(network),
        mac: 'x',
        firewall: pinnedTo(['fa:16:3e:00:00:01, "tapx"']),
      };
      const huge = portOf(network, { mtu: 1_000_000 });
      const thief = { ...portOf(network), tap: good[0]!.tap };
      const foreign = portOf(network);
      await run('ip', ['link', 'add', 'name', foreign.tap, 'type', 'bridge'], world);
      await plane.apply({ networks: [network], ports: [good[0]!] });
      const ports = [homeless, forged, huge, thief, foreign, good[1]!];
      const failures = await plane.dataplane.apply(changeOf({ ports }), world);
      const expected = [homeless, forged, huge, thief, foreign].map((port) => port.id);
      assert.deepEqual([...failures.keys()].toSorted(), expected.toSorted());
      const said = (port: { readonly id: string }) => failures.get(port.id)?.message ?? '';
      assert.match(said(homeless), /its network .* is not on this host/);
      assert.match(said(forged), /is not a MAC address/);
      assert.match(said(huge), /its MTU 1000000 is not between/);
      assert.match(said(thief), /has its tap/);
      assert.match(said(foreign), /could not plug .*: .+/);
      assert.equal((await showLink(world, good[1]!.tap)).master, bridgeName(network.id));
      await run('ip', ['link', 'del', foreign.tap], world);
      await plane.apply({ ports: [foreign], absentPorts: [homeless.id, forged.id, huge.id] });
    },
  },
  {
    name: 'what an agent left half made when it was killed is taken up or taken away',
    run: async (world) => {
      const network = networkOf();
      const [wanted, unwanted] = [portOf(network), portOf(network)];
      for (const port of [wanted, unwanted]) {
        const user = world.guestUid === null ? [] : ['user', String(world.guestUid)];
        await run('ip', ['tuntap', 'add', 'dev', port.tap, 'mode', 'tap', ...user], world);
      }
      await run('ip', ['link', 'add', 'name', 'brffffffff-ffff', 'type', 'bridge'], world);
      {
        await using plane = openPlane(world);
        const gone = portOf(network);
        await plane.apply({ networks: [network], ports: [gone] });
        await run('ip', ['link', 'del', gone.tap], world);
      }
      await using plane = openPlane(world);
      await plane.apply({ networks: [network], ports: [wanted] });
      const made = [bridgeName(network.id), serviceLinkName(network.id), wanted.tap];
      assert.deepEqual(await linkNames(world), ['lo', ...made].toSorted());
      assert.deepEqual(await ruledTaps(world), [wanted.tap]);
    },
  },
  {
    name: 'removing what is not there succeeds and does nothing',
    run: async (world) => {
      await using plane = openPlane(world);
      await plane.apply({ absentNetworks: [randomUUID()], absentPorts: [randomUUID()] });
      plane.commands();
      await plane.apply({ absentNetworks: [randomUUID()], absentPorts: [randomUUID()] });
      assert.deepEqual(plane.commands(), []);
    },
  },
];

type Wires3 = [Wire, Wire, Wire];
type Wires4 = [Wire, Wire, Wire, Wire];

type ShownLink = {
  readonly ifalias?: string;
  readonly mtu: number;
  readonly master?: string;
  readonly linkinfo: { readonly info_data?: Readonly<Record<string, unknown>> };
};

async function showLink(world: DataplaneWorld, name: string): Promise<ShownLink> {
  const text = await run('ip', ['-details', '-json', 'link', 'show', name], world);
  const [link] = JSON.parse(text) as ShownLink[];
  assert.ok(link);
  return link;
}

/** Holds the ports' taps as a guest would, and waits until the bridge takes frames from them. */
async function hold(world: DataplaneWorld, ports: readonly { readonly tap: string }[]) {
  const taps = ports.map((port) => port.tap);
  const wires = await openWires(taps, { directory: world.stateDir, uid: world.guestUid });
  await untilForwarding(world, ports);
  return wires;
}

/** Frames that a tap has taken from its guest so far. */
async function received(world: DataplaneWorld, tap: string): Promise<number> {
  const text = await run('ip', ['-statistics', '-json', 'link', 'show', tap], world);
  const [link] = JSON.parse(text) as { stats64: { rx: { packets: number } } }[];
  return link?.stats64.rx.packets ?? 0;
}

async function monitorPids(world: DataplaneWorld): Promise<readonly number[]> {
  const namespace = (await run('readlink', ['/proc/self/ns/net'], world)).trim();
  const script = `for d in /proc/[0-9]*; do
    [ "$(readlink $d/ns/net 2>/dev/null)" = "$0" ] || continue
    grep -aq monitor $d/cmdline 2>/dev/null && grep -aq '^ip' $d/cmdline && echo "\${d#/proc/}"
  done; :`;
  const found = await run('sh', ['-c', script, namespace], world);
  return found.split('\n').filter(Boolean).map(Number);
}

async function monitorPid(world: DataplaneWorld): Promise<number> {
  const [pid] = await monitorPids(world);
  assert.ok(pid);
  return pid;
}
